/* SPDX-License-Identifier: BSD-3-Clause */
/* The model judges drivers, so here bad drivers judge the model: each wrong access must be caught. */
#include <criterion/criterion.h>

#include "finish.h"
#include "model.h"

static struct model *model;
static uint32_t common, config, isr, notify;

static uint32_t offset_of(uint8_t cfg_type)
{
	const uint8_t *bytes = model->pci_config + model_capability(model, cfg_type, 0) + 8;

	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		(uint32_t)bytes[3] << 24;
}

static void set_up(void)
{
	model = model_new(63);
	common = offset_of(1);
	notify = offset_of(2);
	isr = offset_of(3);
	config = offset_of(4);
}

static void tear_down(void)
{
	finish(model);
}

static uint32_t get(unsigned int width, uint32_t offset)
{
	return model->access.ops->read(&model->access, 4, offset, width);
}

static void put(unsigned int width, uint32_t offset, uint32_t value)
{
	model->access.ops->write(&model->access, 4, offset, width, value);
}

#define expect(id) cr_expect(model_forgive(model, id), "%s is not caught", id)

static void status(uint8_t value)
{
	put(1, common + 0x14, value);
}

static void features(uint64_t low, uint64_t high)
{
	const uint32_t banks[] = {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high,
		(uint32_t)(high >> 32)};

	for (uint32_t bank = 0; bank < 4; bank++) {
		put(4, common + 0x08, bank);
		put(4, common + 0x0c, banks[bank]);
	}
}

#define VERSION_1 (UINT64_C(1) << 32)

/* An exemplary start up to the queues. */
static void begin(void)
{
	status(0);
	cr_expect_eq(get(1, common + 0x14), 0);
	status(1);
	status(3);
	features(VERSION_1, 0);
	status(0xb);
	cr_expect_eq(get(1, common + 0x14), 0xb);
}

static uint8_t *memory;
static uint64_t iova;

/* Lays queue 0 of 8 entries out in good memory and writes its addresses, each moved by so much. */
static void lay_out(uint64_t desc, uint64_t avail, uint64_t used)
{
	const uint64_t address[] = {desc, 0x1000 + avail, 0x2000 + used};

	memory = model->host.alloc(&model->host, 0x3000, 4096, &iova);
	put(2, common + 0x16, 0);
	put(2, common + 0x18, 8);
	for (uint32_t i = 0; i < 3; i++) {
		put(4, common + 0x20 + 8 * i, (uint32_t)(iova + address[i]));
		put(4, common + 0x24 + 8 * i, (uint32_t)((iova + address[i]) >> 32));
	}
}

static void enable(void)
{
	put(2, common + 0x1c, 1);
}

static void give_back(void)
{
	status(0);
	model->host.free(&model->host, memory);
}

FRAMED_TEST(registers, an_exemplary_driver)
{
	begin();
	lay_out(0, 0, 0);
	enable();
	status(0xf);
	cr_expect_eq(get(2, common + 0x1c), 1);
	give_back();
}

/* PCI-06, PCI-07 */
FRAMED_TEST(registers, widths)
{
	static const struct {
		uint32_t offset;
		unsigned int width;
	} wrong[] = {{0x00, 1}, {0x00, 2}, {0x04, 2}, {0x10, 4}, {0x10, 1}, {0x12, 1}, {0x14, 2},
		{0x14, 4}, {0x15, 2}, {0x16, 4}, {0x16, 1}, {0x18, 4}, {0x1c, 1}, {0x1e, 1},
		{0x20, 8}, {0x20, 2}, {0x22, 2}, {0x28, 8}, {0x34, 1}, {0x02, 4}, {0x11, 1},
		{0x13, 2}, {0x3c, 4}, {0x38, 2}, {0x3a, 2}};

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		get(wrong[i].width, common + wrong[i].offset);
		cr_expect_eq(model->violations, 1, "read of %u at 0x%x", wrong[i].width,
			wrong[i].offset);
		model->violations = 0;
		put(wrong[i].width, common + wrong[i].offset, 0);
		cr_expect_eq(model->violations, 1, "write of %u at 0x%x", wrong[i].width,
			wrong[i].offset);
		model->violations = 0;
	}
	put(1, common + 0x14, 0x100);
	expect("PCI-06");
}

FRAMED_TEST(registers, nowhere)
{
	get(4, common + 0x40);
	expect("nothing can be read");
	put(4, 0x8000 + notify + 0x8000, 1);
	expect("nothing can be written");
	get(4, notify);
	expect("nothing can be read");
	put(1, isr, 0);
	expect("nothing can be written");
	get(4, 0x7fffffff);
	expect("outside of the BARs");
	model->access.ops->read(&model->access, 0, common, 4);
	expect("outside of the BARs");
	model->access.ops->pointer(&model->access, 4, common, 4);
	expect("no doorbell");
	model->access.ops->config_write(&model->access, 4, "ab", 2);
	expect("PCI-15");
	get(4, config + 8);
	expect("nothing can be read");
}

FRAMED_TEST(registers, read_only)
{
	put(4, common + 0x04, 0);
	put(2, common + 0x12, 0);
	put(1, common + 0x15, 0);
	put(2, common + 0x1e, 0);
	for (unsigned int i = 0; i < 4; i++)
		expect("PCI-18");
}

FRAMED_TEST(registers, status_order)
{
	status(2);
	expect("INIT-02");
	status(0);
	status(3);
	expect("INIT-01");
	status(1);
	expect("INIT-03");
	status(0);
	status(1);
	status(9);
	expect("INIT-01");
	model->violations = 0;
	status(0);
	status(1);
	status(3);
	status(7);
	expect("INIT-04");
	status(0);
	status(0x11);
	expect("SUSP-01");
	model->violations = 0;
	status(0);
	status(0x80);
	status(0x81);
	expect("INIT-09");
	status(0);
	status(0x40);
	expect("INIT-02");
}

FRAMED_TEST(registers, features_ok_not_read_back)
{
	status(1);
	status(3);
	features(VERSION_1, 0);
	status(0xb);
	lay_out(0, 0, 0);
	expect("INIT-01");
	model->violations = 0;
	status(0xf);
	expect("INIT-04");
	give_back();
}

FRAMED_TEST(registers, features)
{
	put(4, common + 0x0c, 0);
	expect("INIT-01");
	status(1);
	status(3);
	features(VERSION_1 | 1, 0);
	status(0xb);
	expect("FEAT-01");
	features(VERSION_1, 0);
	for (unsigned int i = 0; i < 4; i++)
		expect("INIT-05");
	status(0);
	status(1);
	status(3);
	put(4, common + 0x0c, 0);
	status(0xb);
	expect("FEAT-21: feature bank 0");
	expect("FEAT-21: feature bank 1");
	status(0);
	status(1);
	status(3);
	put(4, common + 0x08, 4);
	put(4, common + 0x0c, 1);
	expect("FEAT-04");
}

/* PCI-23 */
FRAMED_TEST(registers, reset_not_waited_for)
{
	begin();
	model->script.reset_reads = 2;
	status(0);
	status(1);
	expect("PCI-23");
	expect("INIT-03");
	get(2, common + 0x12);
	expect("PCI-23");
	get(1, config);
	expect("PCI-23");
	get(1, common + 0x14);
	get(1, common + 0x14);
	cr_expect_eq(get(1, common + 0x14), 0);
	status(1);
}

FRAMED_TEST(registers, queues_before_features)
{
	put(2, common + 0x16, 0);
	put(2, common + 0x18, 8);
	expect("INIT-01");
	enable();
	expect("INIT-01");
	begin();
	put(2, common + 0x16, 2);
	cr_expect_eq(get(2, common + 0x18), 0);
	get(2, common + 0x1c);
	expect("PCI-26");
	put(2, common + 0x18, 8);
	expect("PCI-26");
}

FRAMED_TEST(registers, queue_size)
{
	begin();
	put(2, common + 0x16, 0);
	put(2, common + 0x18, 3);
	expect("PCI-20");
	put(2, common + 0x18, 0);
	expect("PCI-20");
	put(2, common + 0x18, 512);
	expect("PCI-20");
	put(2, common + 0x1c, 0);
	expect("PCI-22");
	put(2, common + 0x1c, 2);
	expect("PCI-22");
}

FRAMED_TEST(registers, enabled_without_addresses)
{
	begin();
	put(2, common + 0x16, 0);
	enable();
	expect("PCI-21");
	expect("FEAT-14");
}

static void expect_bad_layout(uint64_t desc, uint64_t avail, uint64_t used, const char *id)
{
	begin();
	lay_out(desc, avail, used);
	enable();
	expect(id);
	give_back();
	model->violations = 0;
}

FRAMED_TEST(registers, bad_layouts)
{
	expect_bad_layout(8, 0, 0, "SPL-01");
	expect_bad_layout(0, 1, 0, "SPL-01");
	expect_bad_layout(0, 0, 2, "SPL-01");
	expect_bad_layout(0x10000000, 0, 0, "FEAT-14");
	expect_bad_layout(0x1000, 0, 0, "VQ-02");
	expect_bad_layout(0, 0, (uint64_t)-0x1000, "VQ-02");
	expect_bad_layout(0x2000, 0, 4, "VQ-02");
	/* The used ring's last byte must be inside too. */
	expect_bad_layout(0, 0, 0x1000 - 64, "FEAT-14");
}

static void expect_bad_content(unsigned int at, const char *id)
{
	begin();
	lay_out(0, 0, 0);
	memory[at] = 2;
	enable();
	expect(id);
	give_back();
}

FRAMED_TEST(registers, dirty_memory)
{
	expect_bad_content(5, "VQ-02");
	expect_bad_content(127, "VQ-02");
	expect_bad_content(0x1000, "EVS-03");
	expect_bad_content(0x1002, "VQ-02");
	expect_bad_content(0x1000 + 4 + 16, "VQ-02");
	expect_bad_content(0x2000, "SPL-14");
	expect_bad_content(0x2000 + 6 + 64 - 1, "SPL-14");
}

FRAMED_TEST(registers, an_enabled_queue_is_left_alone)
{
	begin();
	lay_out(0, 0, 0);
	enable();
	put(2, common + 0x18, 8);
	expect("VQ-05");
	enable();
	expect("VQ-05");
	status(0xf);
	put(2, common + 0x16, 1);
	put(2, common + 0x18, 8);
	expect("INIT-01");
	model->host.free(&model->host, memory);
	for (unsigned int i = 0; i < 3; i++)
		expect("INIT-16");
	status(0);
}

FRAMED_TEST(registers, vectors)
{
	int fds[2] = {-1, -1};

	begin();
	put(2, common + 0x10, 0);
	expect("PCI-39");
	get(2, common + 0x10);
	model->access.ops->interrupts(&model->access, 2, fds);
	put(2, common + 0x10, 2);
	expect("PCI-36");
	cr_expect_eq(get(2, common + 0x10), 0xffff);
	lay_out(0, 0, 0);
	put(2, common + 0x1a, 1);
	enable();
	expect("PCI-37");
	get(1, isr);
	expect("PCI-31");
	put(2, common + 0x10, 0);
	model_check(model);
	expect("PCI-37");
	expect("not given back");
	get(2, common + 0x10);
	give_back();
}

FRAMED_TEST(registers, doorbells)
{
	begin();
	lay_out(0, 0, 0);
	enable();
	put(2, notify, 0);
	expect("INIT-10");
	status(0xf);
	model->queue[0].kicks = MODEL_KICKS_ANY;
	put(2, notify, 0);
	put(4, notify, 0);
	expect("NTF-01");
	put(2, notify, 1);
	expect("NTF-03");
	put(2, notify + 4, 0);
	expect("NTF-03");
	put(2, notify + 4, 1);
	expect("INIT-10");
	cr_expect_eq(model->queue[0].doorbells, 1);
	give_back();
}

FRAMED_TEST(registers, configuration)
{
	static const struct model_config_field fields[] = {{0, 1, 2, -1}, {4, 4, 1, 5},
		{0, 0, 0, 0}};

	put(1, config, 1);
	expect("INIT-06");
	expect("NET-01");
	model->script.fields = fields;
	get(1, config);
	get(2, config);
	expect("PCI-06");
	get(4, config + 4);
	expect("CFG-03");
	get(1, config + 2);
	expect("CFG-03");
	model_offer(model, 5);
	get(4, config + 4);
	get(1, config + 4);
	expect("PCI-06");
}

FRAMED_TEST(registers, host_memory)
{
	uint8_t *block = model->host.alloc(&model->host, 64, 64, &iova);

	model->host.free(&model->host, block + 16);
	expect("did not give");
	cr_expect_eq(model_check(model), 1);
	expect("not given back");
	model->host.free(&model->host, block);
	model->host.alloc(&model->host, 64, 3, &iova);
	expect("alignment 3");
	model->host.close(&model->host);
	model->host.close(&model->host);
	expect("closed twice");
	model->access.ops->close(&model->access);
	model->access.ops->close(&model->access);
	expect("closed twice");
}
