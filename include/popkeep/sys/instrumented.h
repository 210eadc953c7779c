/* SPDX-License-Identifier: ISC */
/*
 * POPKEEP_INSTRUMENTED: the build watches itself (sanitizers) or writes files when it ends
 * (coverage, which sets it by hand). Such a build must be allowed to trace itself, and to write
 * elsewhere than into its Maildir.
 */
#ifndef POPKEEP_SYS_INSTRUMENTED_H
#define POPKEEP_SYS_INSTRUMENTED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define POPKEEP_INSTRUMENTED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#undef POPKEEP_INSTRUMENTED
#define POPKEEP_INSTRUMENTED 1
#endif

#endif
