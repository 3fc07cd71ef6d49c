/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The virtio functions of a machine: how they are bound, and what stands between them and
 * kl_device_open. All of this only reads: nothing is opened for writing and no function is touched.
 * It needs no kl_eal_init.
 *
 * Threads: any, one call at a time.
 */
#ifndef KICKLESS_DISCOVER_H
#define KICKLESS_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kickless/version.h>

/** The folders in which the kernel shows the machine. A test points them at folders of its own. */
struct kl_machine {
	const char *sysfs;
	const char *proc;
	const char *dev;
};
/** The machine that this program runs on: "/sys", "/proc", "/dev". */
KL_API extern const struct kl_machine kl_machine_current;

/** Bytes of a PCI address in its full form, with the end of the string. */
#define KL_ADDRESS_SIZE 20

/**
 * Writes the full form, "0000:00:05.0", of a PCI address that may lack its domain ("00:05.0").
 *
 * Thread: any.
 *
 * Returns: 0; -EINVAL when text is not an address, and then address is unchanged.
 */
KL_API int kl_pci_address(const char *text, char address[KL_ADDRESS_SIZE]);

/** The interfaces that a function has. */
enum kl_interface {
	KL_INTERFACE_UNKNOWN, /* its capabilities could not be read; root can */
	KL_INTERFACE_LEGACY, /* from before virtio 1.0 only */
	KL_INTERFACE_TRANSITIONAL, /* both */
	KL_INTERFACE_MODERN, /* virtio 1.x only */
};

/** One virtio PCI function. */
struct kl_function {
	char address[KL_ADDRESS_SIZE];
	uint16_t vendor_id;
	uint16_t device_id;
	uint16_t subsystem_vendor;
	uint16_t subsystem_id;
	uint32_t type; /* virtio device type, virtio 1.x section 5 */
	enum kl_interface interface;
	char driver[32]; /* the kernel driver that it is bound to, "" for none */
	int iommu_group; /* -1 for none */
	bool is_noiommu; /* its group is one of VFIO's no-IOMMU mode, which isolates nothing */
	int numa_node; /* -1 when unknown */
	char name[96]; /* for a person, from pci.ids */
};

/**
 * Tests whether the kernel driver of a function hands it to programs: vfio-pci and uio_pci_generic
 * do.
 *
 * Thread: any.
 */
KL_API bool kl_function_is_bound(const struct kl_function *function);

/**
 * Finds all virtio functions, sorted by address.
 *
 * Thread: any, one call at a time.
 *
 * Ownership: the array is the caller's, to be freed with kl_function_discover_free.
 *
 * Returns: 0; after a message -EIO (the list of functions can't be read), -ENOMEM.
 */
KL_API int kl_function_discover(struct kl_function **functions, size_t *count);
/**
 * Finds all virtio functions of the machine, as kl_function_discover does.
 *
 * Thread: any, one call at a time.
 *
 * Ownership: the array is the caller's, to be freed with kl_function_discover_free.
 *
 * Returns: 0; after a message -EIO, -ENOMEM.
 */
KL_API int kl_function_discover_on(const struct kl_machine *machine, struct kl_function **functions,
	size_t *count);
/**
 * Frees an array of functions; NULL is allowed.
 *
 * Thread: any.
 */
KL_API void kl_function_discover_free(struct kl_function *functions);

/** The kinds of reasons why a function can't be opened. */
enum kl_obstacle_kind {
	KL_OBSTACLE_ABSENT, /* no such function, or not one of virtio */
	KL_OBSTACLE_DRIVER, /* bound to another driver, or to none */
	KL_OBSTACLE_MODULE, /* the kernel has no vfio-pci */
	KL_OBSTACLE_IOMMU, /* no IOMMU, and no-IOMMU mode is off */
	KL_OBSTACLE_GROUP, /* a kernel driver has another function of its IOMMU group */
	KL_OBSTACLE_INTERRUPTS, /* the IOMMU does not remap them, and that was not allowed */
	KL_OBSTACLE_RIGHTS, /* /dev/vfio/GROUP can't be opened */
	KL_OBSTACLE_BUSY, /* another process has it open */
	KL_OBSTACLE_MEMLOCK, /* the limit of locked memory is too low */
};

/** One reason why a function can't be opened. */
struct kl_obstacle {
	enum kl_obstacle_kind kind;
	int error; /* what kl_device_open returns for it */
	char text[512]; /* "it ...", or about the machine; with the remedy; no newline */
};

/** Obstacles that one function can have. */
#define KL_OBSTACLES_MAX 8

/**
 * Lists what would make kl_device_open fail for the PCI function at address (full form), as far as
 * that shows without opening it; the gravest first. needed is how much memory will be locked for
 * it, 0 when not known.
 *
 * Thread: any, one call at a time.
 *
 * Returns: how many there are, at most KL_OBSTACLES_MAX.
 */
KL_API size_t kl_function_obstacles(const struct kl_machine *machine, const char *address,
	uint64_t needed, struct kl_obstacle obstacles[KL_OBSTACLES_MAX]);

/**
 * Counts the bytes in free hugepages of all sizes.
 *
 * Thread: any.
 */
KL_API uint64_t kl_hugepages_free(const struct kl_machine *machine);

/**
 * Writes the command that makes hugepages of bytes in all, for messages.
 *
 * Thread: any.
 *
 * Returns: text.
 */
KL_API char *kl_hugepages_command(const struct kl_machine *machine, uint64_t bytes, char *text,
	size_t size);

/**
 * Finds the NUMA node of a CPU.
 *
 * Thread: any.
 *
 * Returns: -1 when there is no such CPU or no NUMA.
 */
KL_API int kl_numa_from_cpu(unsigned int cpu);

#endif
