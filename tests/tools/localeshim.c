/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: puts it wholly into the locale of its environment, which is
 * harsher than what popkeep itself does (it sets LC_MESSAGES alone), and asserts that this locale
 * is one in which comparing protocol words by the C library goes wrong. Without that the whole
 * Turkish pass would prove nothing. Does nothing when LC_ALL is not Turkish.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

__attribute__((constructor)) static void enter_locale(void)
{
    const char *want = getenv("LC_ALL");

    if (!want || strncmp(want, "tr_TR", 5) != 0)
        return;
    if (!setlocale(LC_ALL, "") || strcasecmp("UIDL", "uidl") == 0) {
        static const char text[] = "localeshim: tr_TR.UTF-8 is not in force (LOCPATH?)\n";

        if (write(2, text, sizeof text - 1) < 0)
            _exit(97);
        _exit(98);
    }
}
