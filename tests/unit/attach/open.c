/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kl_device_open up to the point where a device is touched. The platform and the vhost-user
 * transport are replaced, and count the calls; behind them is the fake device.
 */
#include <kickless/device.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_eal.h>

#include <kickless/driver/driver.h>
#include <kickless/discover.h>

#include "fake_device.h"
#include "finish.h"
#include "platform/devmem.h"
#include "platform/eal_state.h"
#include "memory/host.h"
#include "platform/pci.h"
#include "platform/uio.h"
#include "platform/uio_sysfs.h"
#include "platform/vfio.h"
#include "transport/mmio.h"
#include "transport/pci.h"
#include "transport/vhost_user.h"

#define ADDRESS "0000:00:05.0"

static struct fake_device *fake;
static uint32_t type_in_sysfs;
static unsigned int opens, puts_of_mapper;
static struct kl__vfio_choice chosen; /* by the last opening through VFIO */
static bool has_mapper;
static struct kl__mapper mapper;
static struct kl__host_conf host_conf; /* of the last host */
static struct kl__transport_choice socket_choice; /* of the last socket */
static uint32_t socket_type;
static int eal_state, host_error;
static bool is_physical; /* bus addresses are */

int __wrap_kl__pci_read_type(const struct kl_machine *machine, const char *address, uint32_t *type);
bool __wrap_kl__uio_is_bound(const struct kl_machine *machine, const char *address);
int __wrap_kl__vfio_open(const char *address, const struct kl__vfio_choice *choice,
	struct kl__pci_access **access, struct kl__mapper **mapper);
int __wrap_kl__eal_check(const char *name);
enum rte_iova_mode __wrap_rte_eal_iova_mode(void);
int __wrap_kl__devmem_open(uint64_t address, struct kl__mmio_access **access,
	struct kl__host **host);
int __wrap_kl__host_create(const struct kl__host_conf *conf, struct kl__host **host);
struct kl__shared_memory *__wrap_kl__host_shared_memory(struct kl__host *host);
int __wrap_kl__vhost_user_open(const char *path, const struct kl__transport_choice *choice,
	uint32_t type, struct kl__shared_memory *memory, struct kl__transport **transport);
int __wrap_kl_function_discover_on(const struct kl_machine *machine, struct kl_function **list,
	size_t *count);

int __wrap_kl__pci_read_type(const struct kl_machine *machine, const char *address, uint32_t *type)
{
	cr_expect_eq(machine, &kl_machine_current);
	*type = type_in_sysfs;
	return strcmp(address, ADDRESS) == 0 ? 0 : -ENODEV;
}

bool __wrap_kl__uio_is_bound(const struct kl_machine *machine, const char *address)
{
	(void)machine;
	(void)address;
	return false;
}

static void put_mapper(struct kl__mapper *unused)
{
	(void)unused;
	puts_of_mapper++;
}

static const struct kl__mapper_ops mapper_ops = {.put = put_mapper};

int __wrap_kl__vfio_open(const char *address, const struct kl__vfio_choice *choice,
	struct kl__pci_access **access, struct kl__mapper **result)
{
	opens++;
	chosen = *choice;
	cr_expect_str_eq(address, ADDRESS);
	*access = &fake->access;
	*result = has_mapper ? &mapper : NULL;
	return 0;
}

enum rte_iova_mode __wrap_rte_eal_iova_mode(void)
{
	return is_physical ? RTE_IOVA_PA : RTE_IOVA_VA;
}

int __wrap_kl__eal_check(const char *name)
{
	cr_expect_neq(name[0], '\0');
	return eal_state;
}

int __wrap_kl__devmem_open(uint64_t address, struct kl__mmio_access **access,
	struct kl__host **host)
{
	cr_expect_eq(address, 0x1000);
	opens++;
	*access = &fake->mmio;
	*host = &fake->host;
	return 0;
}

int __wrap_kl__host_create(const struct kl__host_conf *conf, struct kl__host **host)
{
	host_conf = *conf;
	if (host_error != 0)
		return host_error;
	*host = &fake->host;
	return 0;
}

struct kl__shared_memory *__wrap_kl__host_shared_memory(struct kl__host *host)
{
	cr_expect_eq(host, &fake->host);
	return NULL;
}

int __wrap_kl__vhost_user_open(const char *path, const struct kl__transport_choice *choice,
	uint32_t type, struct kl__shared_memory *memory, struct kl__transport **transport)
{
	(void)path;
	(void)memory;
	(void)transport;
	socket_choice = *choice;
	socket_type = type;
	opens++;
	return -ECONNREFUSED;
}

int __wrap_kl_function_discover_on(const struct kl_machine *machine, struct kl_function **list,
	size_t *count)
{
	(void)machine;
	*list = calloc(1, sizeof(**list));
	cr_assert_neq(*list, NULL);
	strcpy((*list)->address, ADDRESS);
	strcpy((*list)->driver, "vfio-pci");
	(*list)->type = type_in_sysfs;
	*count = 1;
	return 0;
}

static void prepare(uint32_t type)
{
	capture_log();
	fake = fake_new(type);
	cr_assert_neq(fake, NULL);
	type_in_sysfs = type;
	opens = 0;
	puts_of_mapper = 0;
	eal_state = host_error = 0;
	is_physical = false;
	has_mapper = true;
	mapper = (struct kl__mapper){.ops = &mapper_ops};
}

/* Refused with a message that names the cause, and without a step towards the device. */
__attribute__((format(printf, 2, 3))) static void refuse(const char *what, const char *format, ...)
{
	struct kl_device *device = NULL;
	va_list arguments;
	char spec[256];

	va_start(arguments, format);
	vsnprintf(spec, sizeof(spec), format, arguments);
	va_end(arguments);
	forget_log();
	cr_expect_eq(kl_device_open(spec, &device), -EINVAL, "%s", spec);
	cr_expect_eq(device, NULL);
	cr_expect(logged(what), "%s: %s: %s", spec, what, log_text());
	cr_expect_eq(opens, 0, "%s: nothing is opened", spec);
	cr_expect_eq(fake->traced, 0, "%s: no register is touched", spec);
}

/* Values that are wrong for the keys that every device has. */
static const char *const common[] = {"queues=0", "queues=x", "queue_size=0", "queue_size=32769",
	"kick=never", "features=EVENT_IDX", "features=+NO_SUCH", "event_idx=2", "indirect=yes",
	"packed=", "in_order=-1"};

static void refuse_all_keys(const char *name, const struct kl__transport_option *transport,
	const struct kl_driver *driver)
{
	char wrong[64];

	for (unsigned int i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		refuse("is not possible; allowed: ", "%s,%s", name, common[i]);
	refuse("NO-SUCH", "%s,type=NO-SUCH", name);
	refuse("has no value", "%s,queues", name);
	refuse("unknown key colour", "%s,colour=red", name);
	for (; transport->key != NULL; transport++)
		for (const char *value = "2x"; *value != '\0'; value++)
			refuse(transport->allowed, "%s,%s=%s", name, transport->key, value);
	for (const struct kl_feature_name *key = driver->feature_keys;
		key != NULL && key->name != NULL; key++) {
		snprintf(wrong, sizeof(wrong), "%s=2 is not possible; allowed: 0 or 1", key->name);
		refuse(wrong, "%s,%s=2", name, key->name);
	}
	for (const struct kl_driver_option *option = driver->options;
		option != NULL && option->key != NULL; option++)
		refuse(option->allowed, "%s,%s=wrong", name, option->key);
	/* Valid options before and behind it do not help. */
	refuse("unknown key colour", "%s,queues=1,colour=red,kick=auto", name);
}

Test(open, wrong_keys_of_pci_functions)
{
	for (const struct kl_driver *driver = kl_driver_next(NULL); driver != NULL;
		driver = kl_driver_next(driver)) {
		char name[64];

		prepare(driver->types[0]);
		refuse_all_keys(ADDRESS, kl__pci_options, driver);
		refuse("unknown key server", ADDRESS ",server=0");
		snprintf(name, sizeof(name), "%s@0", driver->name);
		refuse_all_keys(name, kl__pci_options, driver);
		if (driver->name_key != NULL) {
			snprintf(name, sizeof(name), "%s:%s=52:54:00:00:00:01", driver->name,
				driver->name_key);
			refuse_all_keys(name, kl__pci_options, driver);
		}
		refuse("colour", "%s:colour=red", driver->name);
		finish(fake);
	}
}

Test(open, wrong_keys_of_mmio_registers)
{
	for (const struct kl_driver *driver = kl_driver_next(NULL); driver != NULL;
		driver = kl_driver_next(driver)) {
		char name[64];

		prepare(driver->types[0]);
		refuse_all_keys("mmio:0x1000", kl__mmio_options, driver);
		snprintf(name, sizeof(name), "mmio:0x1000,type=%s", driver->name);
		refuse_all_keys(name, kl__mmio_options, driver);
		refuse("unknown key vfio", "%s,vfio=auto", name);
		refuse("unknown key server", "%s,server=1", name);
		finish(fake);
	}
}

Test(open, wrong_keys_of_sockets)
{
	for (const struct kl_driver *driver = kl_driver_next(NULL); driver != NULL;
		driver = kl_driver_next(driver)) {
		char name[64];

		prepare(driver->types[0]);
		snprintf(name, sizeof(name), "vhost-user:/nowhere,type=%s", driver->name);
		refuse_all_keys(name, kl__vhost_user_options, driver);
		refuse("unknown key legacy", "%s,legacy=1", name);
		refuse("unknown key vfio", "%s,vfio=group", name);
		refuse("type=TYPE", "vhost-user:/nowhere");
		finish(fake);
	}
}

/* The type of a program that drives one only; one that the user names has precedence. */
Test(open, a_socket_of_the_program_s_own_type)
{
	struct kl_device *device = NULL;

	prepare(2);
	cr_expect_eq(kl_device_open_typed("vhost-user:/nowhere", "blk", &device), -ECONNREFUSED);
	cr_expect_eq(opens, 1);
	cr_expect_eq(socket_type, 2);
	finish(fake);
	prepare(2);
	cr_expect_eq(kl_device_open_typed("vhost-user:/nowhere,type=net", "blk", &device),
		-ECONNREFUSED);
	cr_expect_eq(socket_type, 1);
	finish(fake);
	/* The options are those of the type. */
	prepare(2);
	cr_expect_eq(kl_device_open_typed("vhost-user:/nowhere,mrg_rxbuf=1", "blk", &device),
		-EINVAL);
	cr_expect(logged("unknown key mrg_rxbuf"), "%s", log_text());
	cr_expect_eq(kl_device_open_typed("vhost-user:/nowhere", NULL, &device), -EINVAL);
	cr_expect_eq(opens, 0);
	finish(fake);
}

/* A key of another type is as unknown as any other where the type is known. */
Test(open, keys_of_another_type)
{
	prepare(4);
	refuse("unknown key mac", ADDRESS ",mac=02:00:00:00:00:01");
	refuse("unknown key mac", "rng@0,mac=02:00:00:00:00:01");
	refuse("unknown key mac", "mmio:0x1000,type=rng,mac=02:00:00:00:00:01");
	refuse("type=net is not possible; allowed: rng", ADDRESS ",type=net");
	refuse("type=net is not possible; allowed: rng", "rng@0,type=net");
	finish(fake);
}

/* The type comes from MMIO registers: they are read for it, and none is written. */
Test(open, keys_of_another_type_than_in_registers)
{
	static const char *const specs[] = {"mmio:0x1000,mac=02:00:00:00:00:01",
		"mmio:0x1000,type=net"};

	for (unsigned int i = 0; i < 2; i++) {
		struct kl_device *device;
		char trace[1024];

		prepare(4);
		cr_expect_eq(kl_device_open(specs[i], &device), -EINVAL);
		cr_expect(logged(i == 0 ? "unknown key mac" : "type=net is not possible"), "%s",
			log_text());
		cr_expect_eq(opens, 1);
		fake_trace_text(fake, trace, sizeof(trace));
		cr_expect_neq(trace[0], '\0');
		cr_expect_eq(strchr(trace, 'W'), NULL, "%s", trace);
		cr_expect_eq(fake->access_closes, 1);
		cr_expect_eq(fake->host_closes, 1);
		finish(fake);
	}
}

/* The control: with right keys all of this opens a device, and its registers are touched. */
Test(open, right_keys)
{
	static const char *const specs[] = {ADDRESS ",queues=1,legacy=0,type=rng",
		"rng@0,kick=auto,vfio=auto", "mmio:0x1000,event_idx=0", "mmio:0x1000,type=rng"};

	for (unsigned int i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct kl_device *device;

		prepare(4);
		cr_assert_eq(kl_device_open(specs[i], &device), 0, "%s", log_text());
		cr_expect_eq(opens, 1);
		cr_expect_gt(fake->traced, 0);
		kl_device_close(device);
		finish(fake);
	}
	prepare(4);
	cr_expect_eq(kl_device_open("vhost-user:/nowhere,type=rng,server=1,timeout_ms=700",
			     &(struct kl_device *){0}),
		-ECONNREFUSED);
	cr_expect_eq(opens, 1);
	cr_expect(socket_choice.is_server);
	cr_expect_eq(socket_choice.timeout_ms, 700);
	finish(fake);
}

static void open_and_close(const char *spec)
{
	struct kl_device *device;

	cr_assert_eq(kl_device_open(spec, &device), 0, "%s", log_text());
	kl_device_close(device);
}

/* The failure has the key's value of each device that was opened for it. */
Test(open, a_key_that_no_device_has)
{
	static const uint8_t mac[] = {0x52, 0x54, 0, 1, 2, 3};
	struct kl_device *device = NULL;

	prepare(1);
	fake_offer(fake, 5);
	memcpy(fake->script.config, mac, sizeof(mac));
	fake->script.config_length = 24;
	fake_rebuild(fake);
	cr_expect_eq(kl_device_open("net:mac=52:54:00:00:00:99", &device), -ENODEV, "%s",
		log_text());
	cr_expect_eq(device, NULL);
	cr_expect(logged(ADDRESS " (vfio-pci, mac=52:54:00:01:02:03)"), "%s", log_text());
	finish(fake);
}

/* The way and the request for isolation arrive, and the address space ends up with the host. */
Test(open, choices_for_vfio)
{
	static const struct {
		const char *options;
		enum kl__vfio_way way;
		bool isolate;
	} cases[] = {
		{"", KL__VFIO_AUTO, false},
		{",vfio=auto", KL__VFIO_AUTO, false},
		{",vfio=group", KL__VFIO_GROUP, false},
		{",vfio=cdev", KL__VFIO_CDEV, false},
		{",isolate=0", KL__VFIO_AUTO, false},
		{",isolate=1,vfio=cdev", KL__VFIO_CDEV, true},
		{",isolate=auto", KL__VFIO_AUTO, true},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char spec[64];

		prepare(4);
		mapper.is_isolated = cases[i].isolate;
		snprintf(spec, sizeof(spec), "%s%s", ADDRESS, cases[i].options);
		open_and_close(spec);
		cr_expect_eq(chosen.way, cases[i].way, "%s", spec);
		cr_expect_eq(chosen.isolate, cases[i].isolate, "%s", spec);
		cr_expect_eq(host_conf.mapper, &mapper);
		cr_expect(host_conf.has_iommu);
		cr_expect_eq(host_conf.is_isolated, cases[i].isolate, "%s", spec);
		finish(fake);
	}
}

/* The address space turns out to be shared, there is none, or addresses are physical. */
Test(open, isolation_that_is_not_possible)
{
	static const char *const reasons[] = {"function of its IOMMU group", "without an IOMMU",
		"--iova-mode=va"};

	for (unsigned int i = 0; i < 3; i++) {
		struct kl_device *device;

		prepare(4);
		is_physical = i == 2;
		has_mapper = i != 1;
		cr_expect_eq(kl_device_open(ADDRESS ",isolate=1", &device), -ENOTSUP);
		cr_expect(logged("isolate=1 is not possible"), "%s", log_text());
		cr_expect(logged(reasons[i]), "%s", log_text());
		cr_expect_eq(chosen.isolate, i != 2);
		cr_expect_eq(puts_of_mapper, has_mapper);
		cr_expect_eq(fake->access_closes, 1);
		fake_free(fake);
		prepare(4);
		is_physical = i == 2;
		has_mapper = i != 1;
		open_and_close(ADDRESS ",isolate=auto");
		cr_expect(logged("it is not isolated"), "%s", log_text());
		cr_expect_not(host_conf.is_isolated);
		cr_expect_eq(puts_of_mapper, 0, "the host has it");
		finish(fake);
	}
}

/* The kernel's errors for a mapping are no errors of the name. */
Test(open, memory_that_is_not_mapped)
{
	static const int errors[][2] = {{-EINVAL, -EIO}, {-EEXIST, -EIO}, {-EFAULT, -EIO},
		{-ENOSPC, -ENOMEM}, {-ENOMEM, -ENOMEM}, {-EIO, -EIO}};

	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct kl_device *device;

		prepare(4);
		host_error = errors[i][0];
		cr_expect_eq(kl_device_open(ADDRESS, &device), errors[i][1]);
		cr_expect_eq(fake->access_closes, 1);
		cr_expect_eq(puts_of_mapper, 1);
		fake_free(fake);
	}
}

Test(open, isolation_of_registers_in_memory)
{
	struct kl_device *device;

	prepare(4);
	cr_expect_eq(kl_device_open("mmio:0x1000,isolate=1", &device), -ENOTSUP);
	cr_expect(logged("mmio:0x1000: isolate=1 is not possible"), "%s", log_text());
	cr_expect_eq(opens, 0);
	open_and_close("mmio:0x1000,isolate=auto");
	cr_expect(logged("it is not isolated"), "%s", log_text());
	finish(fake);
}

/* A secondary process would share its devices with the primary one. */
Test(open, without_an_eal_of_its_own)
{
	static const char *const specs[] = {ADDRESS, "rng@0", "mmio:0x1000",
		"vhost-user:/nowhere,type=rng"};

	for (unsigned int i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct kl_device *device;

		prepare(4);
		eal_state = -ENOTSUP;
		cr_expect_eq(kl_device_open(specs[i], &device), -ENOTSUP, "%s", specs[i]);
		cr_expect_eq(opens, 0);
		finish(fake);
	}
}

Test(open, types_without_a_driver)
{
	struct kl_device *device;

	prepare(63);
	cr_expect_eq(kl_device_open(ADDRESS, &device), -ENOTSUP);
	cr_expect(logged("type 63 has no driver"), "%s", log_text());
	cr_expect_eq(opens, 0);
	refuse("fruit is not a type", "fruit@0");
	refuse("is not the name of a device", "nonsense");
	finish(fake);
}
