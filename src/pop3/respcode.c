/* SPDX-License-Identifier: ISC */
/* Response codes, as a table. */
#include "popkeep/pop3/respcode.h"

#include "popkeep/base/ascii.h"

static const struct {
    const char *word;
    enum pop3_code code;
} codes[] = {
    {"IN-USE", POP3_CODE_IN_USE},     {"LOGIN-DELAY", POP3_CODE_LOGIN_DELAY},
    {"AUTH", POP3_CODE_AUTH},         {"SYS/TEMP", POP3_CODE_SYS_TEMP},
    {"SYS/PERM", POP3_CODE_SYS_PERM}, {"UTF8", POP3_CODE_UTF8},
};

enum pop3_code respcode_of(struct sv text)
{
    if (text.n == 0 || text.p[0] != '[' || !sv_has(text, ']'))
        return POP3_CODE_NONE;
    struct sv rest = sv_from(text, 1);
    struct sv code = sv_token(&rest, ']');
    if (code.n == 0 || sv_has(code, ' ') || sv_has(code, '\t'))
        return POP3_CODE_NONE;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct sv word = sv_of(codes[i].word);
        if (ascii_starts(code, codes[i].word) && (code.n == word.n || code.p[word.n] == '/'))
            return codes[i].code;
    }
    return POP3_CODE_OTHER;
}
