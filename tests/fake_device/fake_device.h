/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A modern virtio PCI device in this process, and the memory it can reach: the peer of a driver
 * under test. It is a second reading of the specification (virtio 1.x) and shares no ring code and
 * no register offsets with lib/. It acts by the script, logs each register access, and records a
 * violation for whatever a driver must not do. A test ends with fake_free and no violations.
 *
 * One thread. A doorbell is seen at once unless script.map_doorbells is set.
 */
#ifndef FAKE_DEVICE_FAKE_DEVICE_H
#define FAKE_DEVICE_FAKE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/features.h>

#include "contract/host.h"
#include "contract/registers.h"
#include "contract/transport.h"

#define FAKE_QUEUES 16
#define FAKE_QUEUE_MAX 32768
#define FAKE_SEGMENTS 1024
#define FAKE_CONFIG_BYTES 4096
#define FAKE_VECTORS 16
#define FAKE_NO_VECTOR 0xffff
#define FAKE_NEVER 0xffffffffu

/* Difference between the bus and CPU addresses of memory from the fake device's host. */
#define FAKE_IOVA_SHIFT (UINT64_C(1) << 48)

struct fake_device;

/* One buffer as the device sees it, in CPU addresses. */
struct fake_segment {
	uint8_t *data;
	uint32_t length;
	bool is_writable;
};

struct fake_chain {
	uint16_t head; /* packed: the buffer id */
	bool is_indirect;
	unsigned int count; /* segments */
	unsigned int readable; /* of those, read by the device; they come first */
	unsigned int descriptors; /* of the ring */
	uint64_t readable_bytes;
	uint64_t writable_bytes;
	uint64_t hash; /* of the descriptors, tables and readable bytes */
	struct fake_segment segment[FAKE_SEGMENTS];
};

/* Handles one buffer; returns the length for its used element. */
typedef uint32_t fake_handler(struct fake_device *fake, uint16_t queue,
	const struct fake_chain *chain, void *context);

/* Order in which fake_process completes what it took. */
enum fake_order {
	FAKE_IN_ORDER,
	FAKE_REVERSE, /* takes all there are and completes the newest */
	FAKE_SHUFFLE, /* takes all there are and completes any */
};

/* A buffer that the device has handled and not completed yet. */
struct fake_held {
	uint16_t head;
	uint32_t length;
	bool is_full; /* used completely */
};

/* The rule that doorbells are checked against. */
enum fake_kicks {
	/* Exactly when the device requested one, before the next action. */
	FAKE_KICKS_EAGER,
	/* Only when the device requested one, at any time. */
	FAKE_KICKS_LAZY,
	FAKE_KICKS_ANY,
};

/*
 * A field of the device configuration. Only these may be read, in exactly these widths. A field
 * that several features have is listed once for each.
 */
struct fake_config_field {
	uint16_t offset;
	uint8_t width;
	uint8_t count;
	int feature; /* the bit that must be offered, -1 for none */
};

/* Register interfaces of the device: modern, from before virtio 1.0, or both. */
enum fake_interfaces {
	FAKE_MODERN,
	FAKE_TRANSITIONAL,
	FAKE_LEGACY,
};

/* Behaviour that the test sets; may be changed at any time. */
struct fake_script {
	struct kl_features offered;
	uint16_t num_queues;
	uint16_t queue_size[FAKE_QUEUES]; /* maximum; 0: no such queue */
	uint16_t notify_off[FAKE_QUEUES];
	uint16_t notif_config_data[FAKE_QUEUES];
	uint32_t notify_multiplier; /* in the capability; fake_rebuild applies it */
	unsigned int msix_vectors; /* as before */
	uint32_t config_length; /* as before */
	enum fake_interfaces interfaces; /* as before */
	bool has_port_doorbell; /* as before: one I/O port for all queues, before the mapped ones */
	bool has_window; /* as before: the PCI_CFG capability */
	bool hides_bar; /* as before: the BAR of the structures can't be reached */
	uint8_t config[FAKE_CONFIG_BYTES];
	/* Ended by width 0; NULL: every aligned read is right. */
	const struct fake_config_field *fields;
	bool config_is_writable;
	/* Identification registers over MMIO; version 1 is legacy, device 0 none. */
	uint32_t mmio_magic, mmio_version, mmio_device_id;

	unsigned int reset_reads; /* status reads until a reset has ended; FAKE_NEVER */
	unsigned int queue_reset_reads; /* the same of queue_reset */
	bool scribbles; /* while a reset is pending, write into all buffers the device has */
	bool refuses_features; /* FEATURES_OK does not stick */
	bool stays_enabled; /* queue_enable reads 1 whatever was written */
	bool removal_requested; /* the system requests the removal of the function */
	bool is_gone; /* all reads give ones, writes vanish */
	bool gone_reads_zero; /* and of the BARs zeros, as with QEMU */
	/* Mappings from this one on answer NO_VECTOR; FAKE_NEVER. */
	unsigned int vectors_refused_from;
	bool interrupts_fail;
	bool has_line;
	unsigned int config_bumps; /* so many reads change the configuration; FAKE_NEVER: all do */
	void (*on_bump)(struct fake_device *fake);
	unsigned int alloc_fails_at; /* the n-th allocation from now on, 1 for the next; 0: none */
	/* Bus address of the host's next block; 0: the CPU's address, shifted. */
	uint64_t next_iova;
	bool map_doorbells;
	unsigned int lost_doorbells; /* so many of each queue are not noticed */
	bool serves_doorbells; /* process the queue within the doorbell write */
	uint32_t served_queues; /* the same for these queues alone: a bit each */

	/* With IN_ORDER always FAKE_IN_ORDER, and so many buffers may share a used element. */
	enum fake_order order;
	unsigned int batch;
	bool omits_write_flag; /* packed: as QEMU, no WRITE in used descriptors */
	fake_handler *handler; /* NULL: copy what is readable to what is writable */
	void *context;
};

/*
 * The device's view of one queue. Places count from the enabling and do not wrap. They are entries
 * of a split ring's available ring, or descriptors of a packed ring.
 */
struct fake_queue {
	uint16_t size, vector;
	uint64_t address[3];
	unsigned int written; /* which address halves */
	bool is_enabled;
	bool vector_unread;
	bool reset_is_pending;
	bool was_reset; /* alone, since the device's reset */
	unsigned int reset_left;
	unsigned int resets; /* of the queue alone */
	uint8_t *desc, *driver_area, *device_area;

	enum fake_kicks kicks;
	bool is_busy; /* requests no notifications after a fake_process */
	bool is_lost; /* packed: a list was malformed, so the next can't be found */
	uint64_t seen; /* places observed */
	uint64_t fetched; /* places taken */
	uint64_t done; /* places used */
	uint64_t decided; /* places that the driver has made its decision about */
	uint64_t described; /* split: descriptors observed */
	uint64_t seen_buffers, fetched_buffers; /* packed */
	uint64_t taken_buffers, completed_buffers;
	uint16_t event; /* requested by the device */
	uint16_t event_flags;
	uint64_t doorbells;
	uint64_t interrupts; /* used buffer notifications that the driver requested */
	uint32_t entries; /* of the arrays below */
	struct fake_record *record; /* per descriptor, or buffer id */
	struct fake_held *held; /* by fake_process */
	uint16_t *id; /* packed: of the buffers seen, in order */
	uint16_t *taken; /* heads of the buffers taken, in order */
	uint8_t *expected; /* packed: the expected contents of the ring */
	unsigned int holding;
};

struct fake_access {
	bool is_write;
	uint8_t width;
	uint32_t value;
	char name[24];
};

struct fake_window {
	uint8_t *memory;
	uint64_t iova;
	size_t size;
	bool is_from_host;
};

struct fake_device {
	struct kl__pci_access access; /* for kl__pci_modern_open */
	struct kl__mmio_access mmio; /* for kl__mmio_open: the same device, one way at a time */
	struct kl__host host;
	struct fake_script script;

	uint32_t type;
	uint8_t pci_config[256];
	unsigned int pci_config_bytes; /* readable bytes of it */

	/* Registers. */
	uint8_t status, generation, isr;
	struct kl_features accepted;
	uint32_t device_feature_select, driver_feature_select;
	unsigned int banks_written;
	uint16_t config_vector, queue_select;
	uint32_t mmio_page_size, mmio_align; /* of the legacy MMIO face */
	bool config_vector_unread;
	bool features_checked; /* FEATURES_OK was read back */
	unsigned int mappings; /* vector mappings so far */
	bool msix_is_on;
	bool is_driven_legacy; /* since the last reset */
	unsigned int reset_left;
	bool reset_is_pending;
	int interrupt_fd[FAKE_VECTORS];
	int line_fd; /* an eventfd; readable once each time the line was raised and let through */
	bool line_is_open;
	unsigned int line_rearms;
	struct fake_queue queue[FAKE_QUEUES];
	uint8_t *doorbell_page;

	/* Counters and logs. */
	unsigned int resets, isr_reads, access_closes, host_closes, config_interrupts;
	uint8_t status_history[64]; /* values written */
	unsigned int status_writes;
	struct fake_access *trace;
	size_t traced;
	char violation[16][192];
	unsigned int violations;

	struct fake_window *window;
	size_t windows;
	unsigned int allocated; /* blocks that the driver has */
	unsigned int allocated_private; /* and those that no device reaches */
	unsigned int allocations; /* of both */
	uint64_t random;
};

/* A device of this virtio type: VERSION_1 offered, two queues of 256, 8 bytes of configuration. */
struct fake_device *fake_new(uint32_t type);
/*
 * Frees the fake device and all host memory still out. Leaks count as violations only in
 * fake_check, which comes before.
 */
void fake_free(struct fake_device *fake);
/* Writes the PCI configuration space and the BARs by the script. */
void fake_rebuild(struct fake_device *fake);
/* Offset of the n-th (from 0) capability of a cfg_type in pci_config; 0 when there is none. */
unsigned int fake_capability(const struct fake_device *fake, uint8_t cfg_type, unsigned int n);
/* Adds a virtio capability in front of the list; returns its offset. */
unsigned int fake_add_capability(struct fake_device *fake, uint8_t cfg_type, uint8_t bar,
	uint32_t offset, uint32_t length);

/* End of a test: checks that all memory was freed. Returns the number of violations. */
unsigned int fake_check(struct fake_device *fake);
/* True if a violation's text contains part. That violation is then removed. */
bool fake_take_violation(struct fake_device *fake, const char *part);

void fake_offer(struct fake_device *fake, unsigned int bit);
void fake_offer_not(struct fake_device *fake, unsigned int bit);

/* Memory besides the host's that the device may reach. */
void fake_add_window(struct fake_device *fake, void *memory, uint64_t iova, size_t size);

/* For tests of a ring alone: a running device with these features, a queue without registers. */
void fake_run_bare(struct fake_device *fake, const struct kl_features *accepted);
void fake_bind(struct fake_device *fake, uint16_t queue, uint16_t size, uint64_t desc,
	uint64_t avail, uint64_t used);
struct kl_notifier fake_notifier(struct fake_device *fake, uint16_t queue);

/* Reads newly available entries and checks them, as every action on a queue does first. */
void fake_observe(struct fake_device *fake, uint16_t queue);
/* Takes the next available buffer; false when there is none. */
bool fake_pop(struct fake_device *fake, uint16_t queue, struct fake_chain *chain);
/* Writes a used element for a buffer that was taken. */
void fake_complete(struct fake_device *fake, uint16_t queue, uint16_t head, uint32_t length);
/*
 * Takes buffers, handles each, and completes at most max in script.order. Then arms the doorbell
 * unless the queue is busy. Returns the number completed.
 */
unsigned int fake_process(struct fake_device *fake, uint16_t queue, unsigned int max);
/* IN_ORDER: one used element for the next count buffers taken, all but the last used completely. */
void fake_complete_batch(struct fake_device *fake, uint16_t queue, unsigned int count,
	uint32_t length);

/* Requests a notification of the next place, or of none. */
void fake_arm(struct fake_device *fake, uint16_t queue);
void fake_disarm(struct fake_device *fake, uint16_t queue);
/* With EVENT_IDX: requests a notification so many places ahead of the next one to take. */
void fake_request_ahead(struct fake_device *fake, uint16_t queue, int ahead);
/* The event field, avail_event or off_wrap of a packed ring (with DESC), and the flags, raw. */
void fake_set_event(struct fake_device *fake, uint16_t queue, uint16_t value);
void fake_set_event_flags(struct fake_device *fake, uint16_t queue, uint16_t value);

/*
 * Malformed entries. A used element as given, with the index moved on, or in a packed ring as many
 * descriptors as the buffer has. Or the index alone.
 */
void fake_write_raw_used(struct fake_device *fake, uint16_t queue, uint32_t id, uint32_t length);
void fake_write_raw_index(struct fake_device *fake, uint16_t queue, uint16_t index);
/* Packed: a descriptor so far ahead of the next used one, as given; nothing moves on. */
void fake_write_raw_descriptor(struct fake_device *fake, uint16_t queue, unsigned int ahead,
	uint16_t id, uint32_t length, uint16_t flags);
/* Packed: AVAIL and USED as they mark a used descriptor there. */
uint16_t fake_used_flags(const struct fake_device *fake, uint16_t queue, unsigned int ahead);

void fake_need_reset(struct fake_device *fake);
/*
 * Another program writes the command register. Without bus mastering the device clears DRIVER_OK,
 * as QEMU's does. Without memory decoding its BARs do not answer.
 */
void fake_command(struct fake_device *fake, uint16_t command);
/* Changes a byte of the configuration as a device does: generation and interrupt. */
void fake_change_config(struct fake_device *fake, uint32_t offset, uint8_t value);
void fake_config_interrupt(struct fake_device *fake);
/* Raises the line for these bits of the ISR status. */
void fake_line_interrupt(struct fake_device *fake, uint8_t isr);

/* With script.map_doorbells: takes the stored values as doorbell writes. */
void fake_collect_doorbells(struct fake_device *fake);

void fake_trace_clear(struct fake_device *fake);
/* One access a line, such as "W2 queue_size 0x100". */
char *fake_trace_text(const struct fake_device *fake, char *text, size_t size);
/* Number of logged accesses that have this name, and are writes or reads. */
unsigned int fake_trace_count(const struct fake_device *fake, const char *name, bool is_write);

uint64_t fake_random(struct fake_device *fake);

#endif
