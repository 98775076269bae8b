/*
 * slow - whether this build has a sanitizer that takes a multiple of the
 * time, so that tests do less.
 */
#ifndef SUPPORT_SLOW_H
#define SUPPORT_SLOW_H

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define IS_SLOW 1
#else
#define IS_SLOW 0
#endif

#endif
