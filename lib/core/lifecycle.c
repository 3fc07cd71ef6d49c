/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life cycle of a device: start, stop and recovery, for every device type. A driver adds what
 * its type needs as callbacks (struct kl_driver). virtio 1.x, 3.1, 3.3.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kickless/log.h>

#include "core/device.h"
#include "ring/clock.h"
#include "ring/gate.h"
#include "spec/status.h"

void kl_device_gates_clear(struct kl_device *device)
{
	device->gate_count = 0;
}

int kl_device_gate_add(struct kl_device *device, struct kl__gate *gate)
{
	if (device->gate_count == device->gate_room) {
		unsigned int room = device->gate_room == 0 ? 8 : 2 * device->gate_room;
		struct kl__gate **grown = realloc(device->gates, room * sizeof(*grown));

		if (grown == NULL)
			return kl_no_memory(device->info.name, room * sizeof(*grown));
		device->gates = grown;
		device->gate_room = room;
	}
	kl__gate_set_fence(gate, device->gates_need_fence);
	device->gates[device->gate_count++] = gate;
	return 0;
}

static uint64_t gate_deadline(const struct kl_device *device)
{
	return kl__clock() + KL__GATE_TIMEOUT_SECONDS * device->host->ticks_per_second;
}

/* The store-load fence of all closed gates; see ring/gate.h. */
static void fence_gates(struct kl_device *device)
{
	/* The control thread's own; that of the others is theirs, or membarrier's. */
	kl__full_fence();
	/* Before the first start there are no gates, and membarrier is not registered for. */
	if (device->gate_count == 0 || device->gates_need_fence || kl__gates_fence())
		return;
	/* As a seccomp filter does that was installed after the start. */
	kl_warning("%s: membarrier(2) fails now; queue threads run a fence per call from here on",
		device->info.name);
	device->gates_need_fence = true;
	for (unsigned int i = 0; i < device->gate_count; i++)
		kl__gate_set_fence(device->gates[i], true);
	kl__gates_fence_slowly();
}

/* Times per second that threads are released from what the other side holds them up in. */
#define RELEASES_PER_SECOND 50

/* 0, or -EAGAIN after a message when a thread is still inside at the deadline. */
static int wait_for_gate(const struct kl_device *device, const struct kl__gate *gate,
	uint64_t deadline)
{
	const uint64_t step = device->host->ticks_per_second / RELEASES_PER_SECOND;
	struct kl__transport *transport = device->transport;

	do {
		if (kl__gate_wait(gate, KL__MIN(deadline, kl__clock() + step)))
			return 0;
		if (transport->ops->release_threads != NULL)
			transport->ops->release_threads(transport);
	} while (kl__clock() < deadline);
	kl_error(
		"%s: a thread has been within a call on one of the queues for %d s; nothing can be reset "
		"under it",
		device->info.name, KL__GATE_TIMEOUT_SECONDS);
	return -EAGAIN;
}

void kl_device_change_begin(struct kl_device *device)
{
	pthread_mutex_lock(&device->change);
}

void kl_device_change_end(struct kl_device *device)
{
	pthread_mutex_unlock(&device->change);
}

int kl_device_gate_close(struct kl_device *device, struct kl__gate *gate)
{
	kl__gate_set(gate, KL__GATE_CLOSED);
	fence_gates(device);
	return wait_for_gate(device, gate, gate_deadline(device));
}

/* A thread that sleeps on a queue reads the state of the device when it is woken. */
static void wake_threads(struct kl_device *device)
{
	if (device->driver->wake != NULL)
		device->driver->wake(device);
}

static void set_gates(struct kl_device *device, uint16_t state)
{
	for (unsigned int i = 0; i < device->gate_count; i++)
		if (state != KL__GATE_OPEN || !device->gates[i]->stays_closed)
			kl__gate_set(device->gates[i], state);
}

static void exchange_gates(struct kl_device *device, uint16_t from, uint16_t to)
{
	for (unsigned int i = 0; i < device->gate_count; i++)
		kl__gate_exchange(device->gates[i], from, to);
}

enum kl_device_state kl_device_check(struct kl_device *device)
{
	if (kl_device_state(device) == KL_DEVICE_RUNNING && kl_device_needs_reset(device)) {
		kl_device_halt(device, NULL,
			"the device requests a reset, has stopped, or is gone");
		set_gates(device, KL__GATE_HALTED);
	}
	return kl_device_state(device);
}

/*
 * After the gates were closed: nobody is within a call on a queue afterwards. 0, or after a message
 * -EAGAIN.
 */
static int wait_for_gates(struct kl_device *device)
{
	const uint64_t deadline = gate_deadline(device);
	int rc = 0;

	fence_gates(device);
	for (unsigned int i = 0; i < device->gate_count && rc == 0; i++)
		rc = wait_for_gate(device, device->gates[i], deadline);
	return rc;
}

/* Nobody will enter a queue either. As wait_for_gates. */
static int close_gates(struct kl_device *device)
{
	set_gates(device, KL__GATE_CLOSED);
	return wait_for_gates(device);
}

/*
 * Other threads than the device's own may come here. A gate that is not open is somebody else's,
 * and so is one that is halted meanwhile: it stays as it is.
 */
static int query_driver(struct kl_device *device, const void *address, size_t size)
{
	int rc;

	exchange_gates(device, KL__GATE_OPEN, KL__GATE_PAUSED);
	rc = wait_for_gates(device);
	if (rc == 0 && device->driver->uses_memory(device, address, size))
		rc = -EBUSY;
	exchange_gates(device, KL__GATE_PAUSED, KL__GATE_OPEN);
	/* A thread that found its gate closed may have fallen asleep. */
	wake_threads(device);
	return rc;
}

int kl__device_uses_memory(void *owner, uint64_t address, uint64_t size)
{
	struct kl_device *device = owner;
	int rc = 0;

	if (device->driver->uses_memory == NULL)
		return 0;
	/* Whoever changes the device may wait for the caller's locks, so nobody waits here. */
	if (pthread_mutex_trylock(&device->change) != 0)
		return -EAGAIN;
	switch (kl_device_state(device)) {
	case KL_DEVICE_RUNNING:
	case KL_DEVICE_HALTED:
	case KL_DEVICE_LOST:
		rc = query_driver(device, (const void *)(uintptr_t)address, size);
		break;
	default: /* it has no queues */
		break;
	}
	pthread_mutex_unlock(&device->change);
	return rc;
}

static void drain_queues(void *context)
{
	struct kl_device *device = context;

	device->driver->drain(device);
}

/* Takes what has completed, then resets the device. Returns as kl__device_reset. */
static int reset_quietly(struct kl_device *device)
{
	int rc;

	if (device->driver->quiesce != NULL)
		device->driver->quiesce(device);
	rc = kl__device_reset(device, drain_queues, device);
	/* A device that is lost has nothing to wait for. */
	if (rc == -ETIMEDOUT)
		wake_threads(device);
	return rc;
}

/* A driver may find that the device can't do what was accepted. */
static int negotiate(struct kl_device *device)
{
	int rc = device->driver->negotiate(device);

	if (rc != -ERESTART)
		return rc;
	rc = kl__device_reset(device, NULL, NULL);
	return rc == 0 ? device->driver->negotiate(device) : rc;
}

static int bring_up(struct kl_device *device)
{
	const struct kl_driver *driver = device->driver;
	int rc;

	device->halt_reason = NULL;
	rc = negotiate(device);
	if (rc == 0)
		rc = driver->create_queues(device);
	if (rc == 0)
		rc = kl__device_run(device);
	if (rc != 0)
		return rc;
	kl__device_set_state(device, KL_DEVICE_RUNNING);
	device->ran_with = device->info.accepted;
	if (driver->replay != NULL)
		rc = driver->replay(device);
	if (rc == 0)
		device->is_unchecked = false;
	/* A device may break its first rule here, before a queue's thread could see it. */
	if (rc == 0 && device->halt_reason != NULL)
		kl__device_set_state(device, KL_DEVICE_HALTED);
	return rc;
}

/* After bring_up failed. Returns the result of the reset. */
static int undo_bring_up(struct kl_device *device)
{
	kl__status_fail(device);
	return kl__device_reset(device, drain_queues, device);
}

static int check_startable(const struct kl_device *device)
{
	switch (kl_device_state(device)) {
	case KL_DEVICE_STOPPED:
	case KL_DEVICE_FAILED:
		return 0;
	case KL_DEVICE_LOST:
		return kl__device_check_lost(device);
	default:
		kl_error("%s: is started already; stop it first", device->info.name);
		return -EBUSY;
	}
}

/* A back end may have gone while the device was stopped. */
static int acknowledge_again(struct kl_device *device)
{
	struct kl__transport *transport = device->transport;
	bool is_ready = device->is_acknowledged &&
		transport->ops->get_status(transport) != VIRTIO_STATUS_GONE;
	int rc = is_ready ? 0 : kl__device_reset(device, NULL, NULL);

	if (rc == -EAGAIN)
		kl_error("%s: can't be started: its back end is not there", device->info.name);
	return rc;
}

void kl__device_renew_recoveries(struct kl_device *device)
{
	memset(device->recovered_ms, 0, sizeof(device->recovered_ms));
}

static int start_device(struct kl_device *device, const void *conf)
{
	int rc = check_startable(device);

	if (rc != 0)
		return rc;
	/* The queues of a stopped device may be polled for what its stop has completed. */
	rc = close_gates(device);
	if (rc != 0) {
		set_gates(device, KL__GATE_DRAINED);
		return rc;
	}
	device->gates_need_fence = !kl__gates_prepare();
	rc = device->driver->configure(device, conf);
	if (rc == 0)
		rc = acknowledge_again(device);
	if (rc == 0) {
		kl__device_renew_recoveries(device);
		rc = bring_up(device);
		if (rc == 0) {
			set_gates(device, KL__GATE_OPEN);
			return 0;
		}
		(void)undo_bring_up(device);
	}
	/* A device that is lost may still write to what its queues hold. */
	if (kl_device_state(device) == KL_DEVICE_LOST)
		return rc;
	kl__device_set_state(device, KL_DEVICE_STOPPED);
	set_gates(device, KL__GATE_DRAINED);
	return rc;
}

int kl_device_start(struct kl_device *device, const void *conf)
{
	int rc;

	pthread_mutex_lock(&device->change);
	rc = start_device(device, conf);
	pthread_mutex_unlock(&device->change);
	return rc;
}

int kl__device_stop(struct kl_device *device)
{
	int rc = 0;

	switch (kl_device_state(device)) {
	case KL_DEVICE_STOPPED:
		return 0;
	case KL_DEVICE_LOST:
		return -ETIMEDOUT;
	case KL_DEVICE_AWAY:
	case KL_DEVICE_FAILED:
		break;
	case KL_DEVICE_RUNNING:
	case KL_DEVICE_HALTED:
		rc = close_gates(device);
		if (rc != 0) {
			bool runs = kl_device_state(device) == KL_DEVICE_RUNNING;

			set_gates(device, runs ? KL__GATE_OPEN : KL__GATE_HALTED);
			wake_threads(device);
			return rc;
		}
		rc = reset_quietly(device);
		if (rc == -ETIMEDOUT)
			return rc;
	}
	kl__device_set_state(device, KL_DEVICE_STOPPED);
	set_gates(device, KL__GATE_DRAINED);
	wake_threads(device);
	/* A device whose back end has gone is stopped too. */
	return rc == -EAGAIN ? 0 : rc;
}

int kl_device_stop(struct kl_device *device)
{
	int rc;

	pthread_mutex_lock(&device->change);
	rc = kl__device_stop(device);
	pthread_mutex_unlock(&device->change);
	return rc;
}

#define BUDGET_MS 60000

/* False when the device has taken its recoveries of the last minute. */
static bool take_recovery(struct kl_device *device)
{
	uint64_t *oldest = &device->recovered_ms[device->recoveries % KL__RECOVERIES_MAX];
	uint64_t now = kl_clock_ms();

	if (*oldest != 0 && now - *oldest < BUDGET_MS)
		return false;
	*oldest = now;
	device->recoveries++;
	return true;
}

static void leave_without_queues(struct kl_device *device, enum kl_device_state state)
{
	kl__device_set_state(device, state);
	set_gates(device, KL__GATE_DRAINED);
	if (device->driver->halted != NULL)
		device->driver->halted(device);
	wake_threads(device);
}

/* Returns rc. */
static int fail_device(struct kl_device *device, int rc)
{
	kl_error("%s: it has failed: its queues stand still until it is stopped and started",
		device->info.name);
	leave_without_queues(device, KL_DEVICE_FAILED);
	return rc;
}

static int wait_for_return(struct kl_device *device)
{
	if (kl_device_state(device) != KL_DEVICE_AWAY)
		kl_notice("%s: its queues stand still until it is there again", device->info.name);
	leave_without_queues(device, KL_DEVICE_AWAY);
	return -EAGAIN;
}

static void log_halt_reason(const struct kl_device *device)
{
	char queue[32];

	if (device->halt_queue == KL__NO_QUEUE) {
		kl_notice("%s: %s; the device is reset", device->info.name, device->halt_reason);
		return;
	}
	snprintf(queue, sizeof(queue), "queue %u", device->halt_queue);
	if (device->driver->name_queue != NULL)
		device->driver->name_queue(device->halt_queue, queue, sizeof(queue));
	kl_notice("%s: %s: %s; the device is reset", device->info.name, queue, device->halt_reason);
}

static int reset_halted(struct kl_device *device)
{
	int rc = close_gates(device);

	if (rc != 0) {
		set_gates(device, KL__GATE_HALTED);
		return rc;
	}
	log_halt_reason(device);
	rc = reset_quietly(device);
	if (rc == -ETIMEDOUT)
		return rc;
	if (rc == -EAGAIN)
		return wait_for_return(device);
	if (rc != 0)
		return fail_device(device, rc);
	/* A back end that goes away and comes back breaks no rule: it is not counted. */
	if (device->has_reconnected || take_recovery(device))
		return 0;
	kl_error("%s: that is one reset too many within a minute", device->info.name);
	return fail_device(device, -EIO);
}

static int reset_away(struct kl_device *device)
{
	int rc = kl__device_reset(device, NULL, NULL);

	if (rc == -EAGAIN || rc == -ETIMEDOUT)
		return rc;
	if (rc != 0)
		return fail_device(device, rc);
	/* Threads may take completions of a device that is away. */
	rc = close_gates(device);
	if (rc != 0)
		set_gates(device, KL__GATE_DRAINED);
	return rc;
}

/*
 * Takes the results of bring_up and of the reset after it. True for a back end that went again in
 * between, and may be back already, and for one that is there and does not answer yet.
 */
static bool may_return(const struct kl_device *device, int rc, int reset)
{
	if (reset == 0)
		return device->has_reconnected ||
			(rc == -EAGAIN && kl_device_can_reconnect(device));
	return reset == -EAGAIN;
}

/* The device has been reset and has no queues: it starts as a new one does. */
static int start_again(struct kl_device *device)
{
	int rc, reset;

	device->is_recovering = true;
	rc = bring_up(device);
	device->is_recovering = false;
	if (rc != 0) {
		reset = undo_bring_up(device);
		if (reset == -ETIMEDOUT)
			return reset;
		if (may_return(device, rc, reset))
			return wait_for_return(device);
		return fail_device(device, rc);
	}
	kl__store64(&device->resets, device->resets + 1);
	kl_notice("%s: it runs again", device->info.name);
	set_gates(device, KL__GATE_OPEN);
	wake_threads(device);
	return 0;
}

static int recover_device(struct kl_device *device)
{
	int rc;

	switch (kl_device_state(device)) {
	case KL_DEVICE_HALTED:
		rc = reset_halted(device);
		break;
	case KL_DEVICE_AWAY:
		rc = reset_away(device);
		break;
	case KL_DEVICE_FAILED:
		return -EIO;
	case KL_DEVICE_LOST:
		return -ETIMEDOUT;
	default:
		return 0;
	}
	return rc == 0 ? start_again(device) : rc;
}

int kl_device_recover(struct kl_device *device)
{
	int rc;

	kl__device_look_for_event(device);
	pthread_mutex_lock(&device->change);
	rc = recover_device(device);
	pthread_mutex_unlock(&device->change);
	return rc;
}
