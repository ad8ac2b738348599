/** @file text_hash.h  Hashes of short texts, in line: a statement has several, and a call for each would cost more than the hash.
 *
 * Both factors of each multiplication depend on numbers that peers do not know (@p key and @p seed), so peers can't construct texts with the
 * same hash.
 * Threads: any.   Memory: none. */
#ifndef BASE_TEXT_HASH_H
#define BASE_TEXT_HASH_H

#include "base/span.h"

/** The two halves of the product, combined. */
static inline uint64_t text_hash_mix(uint64_t a, uint64_t b)
{
        __extension__ unsigned __int128 product = (unsigned __int128)a * b;
        return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t text_hash_word(const uint8_t *at)
{
        uint64_t word;
        memcpy(&word, at, sizeof word);
        return word;
}

/** A word with all of the at most 8 bytes of @p text. */
static inline uint64_t text_hash_short(struct span text)
{
        if (text.len >= 4) { /* some bytes are taken twice */
                uint32_t first;
                uint32_t last;
                memcpy(&first, text.data, sizeof first);
                memcpy(&last, text.data + text.len - sizeof last, sizeof last);
                return (uint64_t)last << 32 | first;
        }
        uint64_t word = 0;
        for (size_t i = 0; i < text.len; i++) {
                word = word << 8 | text.data[i];
        }
        return word;
}

/** Extend the hash @p key by @p text. @p seed is odd. */
static inline uint64_t text_hash(struct span text, uint64_t key, uint64_t seed)
{
        uint64_t hash = key ^ text.len;
        if (text.len <= 8) {
                return text_hash_mix(text_hash_short(text) ^ hash, seed);
        }
        const uint8_t *last = text.data + text.len - 8;
        const uint8_t *at = text.data;
        for (; last - at > 8; at += 16) {
                hash = text_hash_mix(text_hash_word(at) ^ hash, text_hash_word(at + 8) ^ seed);
        }
        at = at < last ? at : last; /* some bytes are taken twice */
        return text_hash_mix(text_hash_word(at) ^ hash, text_hash_word(last) ^ seed);
}

#endif
