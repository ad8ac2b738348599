/** @file text_hash.h  Hashes of short texts, in line: a statement has several, and a call for each would cost more than the hash.
 *
 * Both factors of each multiplication depend on numbers that peers do not know (@p key and @p seed), so peers can't construct texts with the
 * same hash. The length takes part in it as a factor of the seed: if it were only added to the key, a peer could make up for another
 * length with another byte, as 10000 and 200000 do, of which the same words are read.
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

enum { TEXT_HASH_KINDS = 16 };

/** The key of the first of several texts. It is no multiple of the seed by which text_hash multiplies, so no factors can be exchanged. */
static inline uint64_t text_hash_begin(uint64_t seed)
{
        return 2 * seed;
}

/** Extend the hash @p key by @p text, of the kind @p kind, which is less than TEXT_HASH_KINDS. @p key is a hash, or text_hash_begin;
 *  @p seed is odd. Nothing may be added to a hash which is extended again: the next text could make up for it. */
static inline uint64_t text_hash_of_kind(struct span text, unsigned kind, uint64_t key, uint64_t seed)
{
        uint64_t hash = key;
        seed *= 2 * (text.len * TEXT_HASH_KINDS + kind) + 1; /* it stays odd */
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

/** The same with texts of one kind only. */
static inline uint64_t text_hash(struct span text, uint64_t key, uint64_t seed)
{
        return text_hash_of_kind(text, 0, key, seed);
}

#endif
