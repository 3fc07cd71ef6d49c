/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All atomics of the rings. Without ORDER_PLATFORM the device is another CPU, and the ordering is
 * that of C11 between threads. With it the device may sit behind a bus (virtio 1.x, 6.3, 2.6): on
 * x86 accesses to coherent memory keep their order as devices see it too, so nothing changes there;
 * on ARM the barriers have to reach further than the CPUs.
 */
#ifndef KL_RING_BARRIER_H
#define KL_RING_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#define KL__LIKELY(condition) __builtin_expect(!!(condition), 1)
#define KL__UNLIKELY(condition) __builtin_expect(!!(condition), 0)
/* Of templates that take constant flags: every branch on a flag must disappear. */
#define KL__ALWAYS_INLINE static inline __attribute__((always_inline))
#define KL__COLD __attribute__((cold, noinline))
/* Called often enough to be fast, but not for a simple packet. */
#define KL__NOINLINE __attribute__((noinline))

/* Later reads in program order happen after this: pairs with the device's release of the index. */
static inline uint16_t kl__load_acquire(const uint16_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_ACQUIRE);
}

/* One whole read of a word that the device may change at any time. */
static inline uint16_t kl__load(const uint16_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_RELAXED);
}

/* As kl__load_acquire: two bytes of the word decide whether the other six are valid. */
static inline uint64_t kl__load64_acquire(const uint64_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_ACQUIRE);
}

static inline uint64_t kl__load64(const uint64_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_RELAXED);
}

static inline void kl__store64(uint64_t *shared, uint64_t value)
{
	__atomic_store_n(shared, value, __ATOMIC_RELAXED);
}

static inline uint8_t kl__load8(const uint8_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_RELAXED);
}

static inline uint32_t kl__load32(const uint32_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_RELAXED);
}

/* Earlier writes are visible before this one: pairs with the device's acquire of the index. */
static inline void kl__store_release(uint16_t *shared, uint16_t value)
{
	__atomic_store_n(shared, value, __ATOMIC_RELEASE);
}

static inline void kl__store(uint16_t *shared, uint16_t value)
{
	__atomic_store_n(shared, value, __ATOMIC_RELAXED);
}

/* The addition of device barriers to the CPUs' own; constant, so that it vanishes where empty. */
#if defined(__aarch64__)
#define KL__BUS_BARRIERS 1
#define kl__bus_barrier() __asm__ volatile("dmb osh" ::: "memory")
#else
#define KL__BUS_BARRIERS 0
#define kl__bus_barrier() ((void)0)
#endif

/* As kl__store_release, for a device that is_on_bus. */
static inline void kl__publish16(uint16_t *shared, uint16_t value, bool is_on_bus)
{
	if (KL__BUS_BARRIERS && is_on_bus)
		kl__bus_barrier();
	kl__store_release(shared, value);
}

/* After a relaxed or acquiring load of an index or flags that made an entry readable. */
static inline void kl__consume_fence(bool is_on_bus)
{
	if (KL__BUS_BARRIERS && is_on_bus)
		kl__bus_barrier();
}

/* Orders an earlier store before a later load, which nothing weaker does. */
static inline void kl__full_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* The same between what the device reads and what it writes. */
static inline void kl__device_fence(bool is_on_bus)
{
	if (KL__BUS_BARRIERS && is_on_bus)
		kl__bus_barrier();
	else
		kl__full_fence();
}

/*
 * Orders nothing but the compiler: enough between an own store and an own load where the other
 * thread runs membarrier(2), which makes it a full fence for both.
 */
static inline void kl__compiler_fence(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
