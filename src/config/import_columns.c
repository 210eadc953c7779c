/* SPDX-License-Identifier: ISC */
/* What the columns of a table are called; see import_inside.h. */
#include "popkeep/config/import_inside.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"

#include <string.h>

enum { TITLE_MAX = 64 };

static const struct {
    const char *name; /* as plain() makes it */
    enum import_column column;
} names[] = {
    {"code", COL_CODE},
    {"account", COL_CODE},
    {"name", COL_CODE},
    {"kod", COL_CODE},
    {"kodu", COL_CODE},
    {"kurumkodu", COL_CODE},
    {"kurumkod", COL_CODE},
    {"okulkodu", COL_CODE},
    {"hesap", COL_CODE},
    {"address", COL_ADDRESS},
    {"email", COL_ADDRESS},
    {"emailaddress", COL_ADDRESS},
    {"mail", COL_ADDRESS},
    {"user", COL_ADDRESS},
    {"adres", COL_ADDRESS},
    {"eposta", COL_ADDRESS},
    {"epostaadresi", COL_ADDRESS},
    {"mailadresi", COL_ADDRESS},
    {"kullanici", COL_ADDRESS},
    {"kullaniciadi", COL_ADDRESS},
    {"passwordfile", COL_PASSWORD_FILE},
    {"paroladosyasi", COL_PASSWORD_FILE},
    {"sifredosyasi", COL_PASSWORD_FILE},
    {"password", COL_PASSWORD},
    {"parola", COL_PASSWORD},
    {"sifre", COL_PASSWORD},
    {"uygulamasifresi", COL_PASSWORD},
    {"epostasifresi", COL_PASSWORD},
    {"host", COL_HOST},
    {"server", COL_HOST},
    {"sunucu", COL_HOST},
};

/* Turkish letters in UTF-8, and in the code page of a spreadsheet that does not ask. */
static const struct {
    const char *utf8;
    unsigned char cp1254[2];
    char plain;
} letters[] = {
    {"\xc4\xb1", {0xfd, 0}, 'i'},    {"\xc4\xb0", {0xdd, 0}, 'i'},
    {"\xc5\x9f", {0xfe, 0xde}, 's'}, {"\xc5\x9e", {0, 0}, 's'},
    {"\xc4\x9f", {0xf0, 0xd0}, 'g'}, {"\xc4\x9e", {0, 0}, 'g'},
    {"\xc3\xbc", {0xfc, 0xdc}, 'u'}, {"\xc3\x9c", {0, 0}, 'u'},
    {"\xc3\xb6", {0xf6, 0xd6}, 'o'}, {"\xc3\x96", {0, 0}, 'o'},
    {"\xc3\xa7", {0xe7, 0xc7}, 'c'}, {"\xc3\x87", {0, 0}, 'c'},
};

static char plain_letter(struct sv s, bool utf8, size_t *octets)
{
    *octets = 1;
    if (ascii_is_alnum(s.p[0]))
        return ascii_lower(s.p[0]);
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        unsigned char c = (unsigned char)s.p[0];
        if (utf8 && sv_starts(s, sv_of(letters[i].utf8))) {
            *octets = 2;
            return letters[i].plain;
        }
        if (!utf8 && c >= 0x80 && (c == letters[i].cp1254[0] || c == letters[i].cp1254[1]))
            return letters[i].plain;
    }
    return '\0';
}

/* "E-Posta Adresi" -> "epostaadresi": letters and digits only, small and without their marks. */
static void plain(char out[TITLE_MAX], struct sv s)
{
    bool utf8 = text_is_utf8(s);
    size_t n = 0, octets;
    for (; s.n > 0 && n + 1 < TITLE_MAX; s = sv_from(s, octets)) {
        char c = plain_letter(s, utf8, &octets);
        if (c != '\0')
            out[n++] = c;
    }
    out[n] = '\0';
}

enum import_column import_column(struct sv title)
{
    char name[TITLE_MAX];
    plain(name, title);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].column;
    return COL_OTHER;
}
