/* SPDX-License-Identifier: ISC */
/* WITH(x) is 1, and 0 where the model is made with -DWITHOUT_x. */
#define WITH(x)      WITH_1(WITHOUT_##x)
#define WITH_1(x)    WITH_2(x)
#define WITH_2(x)    WITH_3(TAKEN_OUT_##x, 1, 0)
#define WITH_3(...)  WITH_4(__VA_ARGS__)
#define WITH_4(a, b, ...) b
#define TAKEN_OUT_1  0, 0
