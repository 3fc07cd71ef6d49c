/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Sets of virtio feature bits (virtio 1.x, 2.2), wide enough for all that the specification names.
 */
#ifndef KICKLESS_FEATURES_H
#define KICKLESS_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KL_FEATURE_BITS 128

/** A set of feature bits. */
struct kl_features {
	uint64_t word[KL_FEATURE_BITS / 64];
};

/** Tests whether bit is in the set. A bit beyond the set is not. */
static inline bool kl_features_has(const struct kl_features *set, unsigned int bit)
{
	return bit < KL_FEATURE_BITS && (set->word[bit / 64] >> (bit % 64) & 1);
}

/** Adds bit to the set. A bit beyond the set is ignored. */
static inline void kl_features_set(struct kl_features *set, unsigned int bit)
{
	if (bit < KL_FEATURE_BITS)
		set->word[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/** Removes bit from the set. */
static inline void kl_features_clear(struct kl_features *set, unsigned int bit)
{
	if (bit < KL_FEATURE_BITS)
		set->word[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

/** Tests whether both sets have the same bits. */
static inline bool kl_features_equal(const struct kl_features *a, const struct kl_features *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/** The bits of a that b has too. */
static inline struct kl_features kl_features_and(struct kl_features a, struct kl_features b)
{
	return (struct kl_features){{a.word[0] & b.word[0], a.word[1] & b.word[1]}};
}

/** The bits of a that b has not. */
static inline struct kl_features kl_features_without(struct kl_features a, struct kl_features b)
{
	return (struct kl_features){{a.word[0] & ~b.word[0], a.word[1] & ~b.word[1]}};
}

/** A feature's bit and its name in the specification, without the VIRTIO_ and type prefixes. */
struct kl_feature_name {
	unsigned int bit;
	const char *name;
};

#endif
