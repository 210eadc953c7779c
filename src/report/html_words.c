/* SPDX-License-Identifier: ISC */
/* The report in English and Turkish. */
#include "popkeep/report/html_words.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"
#include "popkeep/report/line.h"

/* clang-format off */
static const char *const words[HTML_WORDS][HTML_LANGS] = {
    [HW_TITLE]        = {"Mailbox backups", "Posta kutusu yedekleri"},
    [HW_MADE]         = {"As of {1} ({2})", "{1} ({2}) itibarıyla"},
    [HW_OLD]          = {"This page is more than two days old. What it shows may no longer be so: see whether popkeep "
                         "report still runs.",
                         "Bu sayfa iki günden eski; gösterdikleri artık geçerli olmayabilir. popkeep report hâlâ "
                         "çalışıyor mu, bakın."},
    [HW_SOME_TROUBLE] = {"Some accounts need attention", "İlgilenilmesi gereken hesaplar var"},
    [HW_SOME_LATE]    = {"Some accounts are late", "Geciken hesaplar var"},
    [HW_ALL_WELL]     = {"All accounts are well", "Bütün hesaplar iyi durumda"},
    [HW_NO_ACCOUNTS]  = {"There are no accounts", "Hiç hesap yok"},
    [HW_WELL]         = {"Well", "İyi"},
    [HW_LATE]         = {"Late", "Gecikmiş"},
    [HW_TROUBLE]      = {"In trouble", "Sorunlu"},
    [HW_SUMMARY]      = {"Summary", "Özet"},
    [HW_ACCOUNTS]     = {"Accounts", "Hesaplar"},
    [HW_STATE]        = {"State", "Durum"},
    [HW_ACCOUNT]      = {"Account", "Hesap"},
    [HW_LAST_SUCCESS] = {"Last success", "Son başarılı çalışma"},
    [HW_LAST_RUN]     = {"Last run", "Son çalışma"},
    [HW_STORED]       = {"Stored", "Saklanan"},
    [HW_ON_SERVER]    = {"On the server", "Sunucuda"},
    [HW_MAILBOX]      = {"Mailbox", "Posta kutusu"},
    [HW_DUE]          = {"Due for deletion", "Silinmeyi bekleyen"},
    [HW_DEADLINE]     = {"Deadline", "Son tarih"},
    [HW_STORED_HERE]  = {"Stored here", "Burada saklanan"},
    [HW_ON_SERVERS]   = {"On the servers", "Sunucularda"},
    [HW_NEW_TODAY]    = {"Stored today", "Bugün saklanan"},
    [HW_NEW_WEEK]     = {"{1} in 7 days", "7 günde {1}"},
    [HW_NEVER]        = {"never", "hiç"},
    [HW_AGO]          = {"{1} ago", "{1} önce"},
    [HW_FUTURE]       = {"in the future", "gelecekte"},
    [HW_LEFT]         = {"{1} left", "{1} kaldı"},
    [HW_PASSED]       = {"has passed", "geçti"},
    [HW_MESSAGE]      = {"{1} message", "{1} ileti"},
    [HW_MESSAGES]     = {"{1} messages", "{1} ileti"},
    [HW_USED]         = {"{1} of {2}", "{1} / {2}"},
    [HW_PERCENT]      = {"{1} %", "%{1}"},
    [HW_UNKNOWN]      = {"not known", "bilinmiyor"},
    [HW_FIND]         = {"Find an account", "Hesap ara"},
    [HW_ON_PAGE]      = {"On this page", "Bu sayfada"},
    [HW_PLOT]         = {"Messages stored a day", "Günlere göre saklanan iletiler"},
    [HW_PLOT_TEXT]    = {"{1} from {2} to {3}; most of them, {4}, on {5}.",
                         "{2} – {3} arasında {1}; en çok {5} günü, {4}."},
    [HW_PLOT_NONE]    = {"Nothing was stored from {2} to {3}.", "{2} – {3} arasında hiçbir ileti saklanmadı."},
    [HW_PLOT_DAY]     = {"{1}: {2}", "{1}: {2}"},
    [HW_PLOT_CUT]     = {"A bar with a gap is higher than the scale.", "Boşluklu çubuklar ölçeğin üstüne çıkar."},
    [HW_NUMBERS]      = {"The same in numbers", "Aynısı, sayılarla"},
    [HW_DAY]          = {"Day", "Gün"},
    [HW_FOOT]         = {"Made by popkeep {1} from the accounts' journals.",
                         "popkeep {1} tarafından hesapların günlüklerinden hazırlandı."},
};

/* past: of the certificate, when it has ended. */
static const char *const findings[FINDINGS][HTML_LANGS] = {
    [FINDING_JOURNAL]       = {"Its journal cannot be read: {1}", "Günlüğü okunamıyor: {1}"},
    [FINDING_NO_MAILDIR]    = {"Its Maildir is not there; is a disk not mounted?",
                               "Maildir yerinde değil; bağlanmamış bir disk mi var?"},
    [FINDING_NEVER_RUN]     = {"It has never been run", "Hiç çalıştırılmadı"},
    [FINDING_NO_SUCCESS]    = {"No run has succeeded yet", "Henüz başarılı bir çalışma olmadı"},
    [FINDING_STALE]         = {"No success for {1}", "{1} boyunca başarılı çalışma olmadı"},
    [FINDING_LAST_RUN]      = {"The last run: {1}", "Son çalışma: {1}"},
    [FINDING_LOGIN_REFUSED] = {"The login was refused in several runs in a row; is the password still right?",
                               "Oturum açma üst üste birkaç kez reddedildi; şifre hâlâ doğru mu?"},
    [FINDING_HELD]          = {"Deletions on the server are held back: most messages have new identifiers there",
                               "Sunucudan silmeler bekletiliyor: iletilerin çoğunun oradaki kimliği değişti"},
    [FINDING_FULL]          = {"The mailbox is nearly full: {1}", "Posta kutusu dolmak üzere: {1}"},
    [FINDING_SERVER_KEEPS]  = {"The server keeps messages although it confirms their deletion",
                               "Sunucu, sildiğini bildirdiği iletileri tutmayı sürdürüyor"},
    [FINDING_CERTIFICATE]   = {"The server's certificate ends on {1}", "Sunucunun sertifikası {1} günü sona eriyor"},
    [FINDING_INTERRUPTED]   = {"A run is at work or was interrupted; the next one completes it",
                               "Bir çalışma sürüyor ya da yarıda kaldı; sıradaki çalışma tamamlar"},
};
static const char *const certificate_ended[HTML_LANGS] = {
    "The server's certificate ended on {1}", "Sunucunun sertifikası {1} günü sona erdi"};

static const struct {
    enum status status;
    const char *text[HTML_LANGS];
} statuses[] = {
    {ST_OK, {"everything done", "her şey tamamlandı"}},
    {ST_INCOMPLETE, {"incomplete: not every message could be stored", "eksik: bazı iletiler saklanamadı"}},
    {ST_HELD, {"deletions held back", "silmeler bekletildi"}},
    {ST_CERT, {"the server's certificate was not accepted", "sunucunun sertifikası kabul edilmedi"}},
    {ST_USAGE, {"called in a wrong way", "yanlış kullanım"}},
    {ST_DATA, {"stored data are damaged", "saklanan veriler bozulmuş"}},
    {ST_UNAVAILABLE, {"the server refuses or lacks what is needed", "sunucu gerekeni sunmuyor ya da reddediyor"}},
    {ST_SOFTWARE, {"a fault in the program, or out of memory", "programda hata ya da bellek yetersiz"}},
    {ST_CANTCREATE, {"files could not be made here", "burada dosya oluşturulamadı"}},
    {ST_IO, {"files could not be read or written here", "burada dosya okunamadı ya da yazılamadı"}},
    {ST_TEMP, {"the server could not be reached, or was busy", "sunucuya ulaşılamadı ya da sunucu meşguldü"}},
    {ST_PROTOCOL, {"the server broke the protocol", "sunucu protokole uymadı"}},
    {ST_LOGIN, {"the login was refused", "oturum açma reddedildi"}},
    {ST_CONFIG, {"the configuration is wrong", "yapılandırma hatalı"}},
};

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static const struct unit {
    int64_t s;
    const char *one[HTML_LANGS], *several[HTML_LANGS];
} units[] = {
    {86400, {"day", "gün"}, {"days", "gün"}},
    {3600, {"hour", "saat"}, {"hours", "saat"}},
    {60, {"minute", "dakika"}, {"minutes", "dakika"}},
    {1, {"second", "saniye"}, {"seconds", "saniye"}},
};
/* clang-format on */

enum { TEXT_MAX = 65536, NUMBER_MAX = 64 };

const char *html_word(enum html_lang lang, enum html_word w)
{
    return words[w][lang];
}

const char *html_finding(enum html_lang lang, enum finding f, bool past)
{
    return f == FINDING_CERTIFICATE && past ? certificate_ended[lang] : findings[f][lang];
}

const char *html_status(enum html_lang lang, enum status s)
{
    const char *fault = "";

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (statuses[i].status == s)
            return statuses[i].text[lang];
        if (statuses[i].status == ST_SOFTWARE)
            fault = statuses[i].text[lang];
    }
    return fault;
}

const char *html_lang_tag(enum html_lang lang)
{
    return lang == HTML_TR ? "tr" : "en";
}

int html_lang_of(struct sv name)
{
    for (int lang = 0; lang < HTML_LANGS; lang++) {
        struct sv tag = sv_of(html_lang_tag((enum html_lang)lang));
        if (sv_starts(name, tag) && (name.n == tag.n || !ascii_is_alnum(name.p[tag.n])))
            return lang;
    }
    return -1;
}

/* ---- text ---- */

void html_fill_text(struct buf *to, const char *text, const struct sv *args, size_t n)
{
    for (const char *p = text; *p != '\0'; p++) {
        size_t i =
            *p == '{' && p[1] >= '1' && p[1] <= '9' && p[2] == '}' ? (size_t)(p[1] - '1') : n;
        if (i >= n) {
            (void)buf_add_char(to, *p);
            continue;
        }
        (void)buf_add_sv(to, args[i]);
        p += 2;
    }
}

void html_fill(struct buf *to, enum html_lang lang, enum html_word w, const struct sv *args,
               size_t n)
{
    html_fill_text(to, words[w][lang], args, n);
}

void html_fill_1(struct buf *to, enum html_lang lang, enum html_word w, const struct buf *arg)
{
    struct sv one = buf_sv(arg);

    html_fill(to, lang, w, &one, 1);
}

static void put_escaped(struct buf *to, struct sv s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&':
            (void)buf_add_c(to, "&amp;");
            break;
        case '<':
            (void)buf_add_c(to, "&lt;");
            break;
        case '>':
            (void)buf_add_c(to, "&gt;");
            break;
        case '"':
            (void)buf_add_c(to, "&quot;");
            break;
        case '\'':
            (void)buf_add_c(to, "&#39;");
            break;
        default:
            (void)buf_add_char(to, s.p[i]);
        }
    }
}

void html_text(struct buf *to, struct sv s)
{
    struct buf b = BUF_INIT(TEXT_MAX);

    line_word(&b, s);
    put_escaped(to, buf_sv(&b));
    buf_free(&b);
}

void html_lines(struct buf *to, struct sv s)
{
    struct buf b = BUF_INIT(TEXT_MAX);

    line_text(&b, sv_token(&s, '\n'));
    put_escaped(to, buf_sv(&b));
    buf_free(&b);
}

/* ---- numbers and times ---- */

void html_number(struct buf *to, enum html_lang lang, uint64_t n)
{
    char digits[NUMBER_MAX];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            (void)buf_add_char(to, lang == HTML_TR ? '.' : ',');
        (void)buf_add_char(to, digits[i]);
    }
}

void html_messages(struct buf *to, enum html_lang lang, uint64_t n)
{
    struct buf number = BUF_INIT(NUMBER_MAX);

    html_number(&number, lang, n);
    html_fill_1(to, lang, n == 1 ? HW_MESSAGE : HW_MESSAGES, &number);
    buf_free(&number);
}

void html_octets(struct buf *to, enum html_lang lang, uint64_t n)
{
    char text[16];

    text_octets(text, n);
    for (const char *p = text; *p != '\0'; p++)
        if (*p == ' ')
            (void)buf_add_c(to, "\xc2\xa0"); /* number and unit stay on one line */
        else
            (void)buf_add_char(to, *p == '.' && lang == HTML_TR ? ',' : *p);
}

void html_percent(struct buf *to, enum html_lang lang, int64_t n)
{
    struct buf number = BUF_INIT(NUMBER_MAX);

    html_number(&number, lang, n > 0 ? (uint64_t)n : 0);
    html_fill_1(to, lang, HW_PERCENT, &number);
    buf_free(&number);
}

/* What text_time writes has fixed places; false: the time is in no calendar. */
static bool put_day(struct buf *to, enum html_lang lang, const char text[24])
{
    unsigned month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');

    if (text[0] == '@' || month < 1 || month > 12) {
        (void)buf_add_c(to, html_word(lang, HW_UNKNOWN));
        return false;
    }
    if (lang == HTML_TR)
        (void)buf_addf(to, "%.2s.%.2s.%.4s", text + 8, text + 5, text);
    else
        (void)buf_addf(to, "%d %s %.4s", (text[8] - '0') * 10 + text[9] - '0', months[month - 1],
                       text);
    return true;
}

void html_date(struct buf *to, enum html_lang lang, int64_t local_s)
{
    char text[24];

    (void)put_day(to, lang, text_time(text, local_s));
}

void html_time(struct buf *to, enum html_lang lang, int64_t local_s)
{
    char text[24];

    if (put_day(to, lang, text_time(text, local_s)))
        (void)buf_addf(to, "%s%.5s", lang == HTML_TR ? " " : ", ", text + 11);
}

/* One unit is enough, in whole numbers: "9 gün". Below two of a unit the next smaller one is told.
 */
void html_span(struct buf *to, enum html_lang lang, int64_t seconds)
{
    size_t i = 0;
    int64_t n;

    while (units[i].s > 1 && seconds < 2 * units[i].s)
        i++;
    n = seconds > 0 ? seconds / units[i].s : 0;
    html_number(to, lang, (uint64_t)n);
    (void)buf_addf(to, "\xc2\xa0%s", n == 1 ? units[i].one[lang] : units[i].several[lang]);
}

void html_zone(struct buf *to, int64_t utc_offset_s)
{
    int64_t minutes = (utc_offset_s < 0 ? -utc_offset_s : utc_offset_s) / 60;

    (void)buf_add_c(to, "UTC");
    if (minutes == 0)
        return;
    (void)buf_addf(to, "%c%lld", utc_offset_s < 0 ? '-' : '+', (long long)(minutes / 60));
    if (minutes % 60 != 0)
        (void)buf_addf(to, ":%02lld", (long long)(minutes % 60));
}
