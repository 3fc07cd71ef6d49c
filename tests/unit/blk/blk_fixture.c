/* SPDX-License-Identifier: BSD-3-Clause */
#include "blk_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "attach_device.h"
#include "spec/features.h"
#include "virtual_host.h"

#define NO_SECTOR UINT64_MAX
#define MEMORY_IOVA (UINT64_C(1) << 40)

/* 5.2.4: what may be read, and in which width. */
static const struct fake_config_field fields[] = {
	{0, 8, 1, -1},
	{8, 4, 1, VIRTIO_BLK_F_SIZE_MAX},
	{12, 4, 1, VIRTIO_BLK_F_SEG_MAX},
	{20, 4, 1, VIRTIO_BLK_F_BLK_SIZE},
	{16, 2, 1, VIRTIO_BLK_F_GEOMETRY},
	{18, 1, 2, VIRTIO_BLK_F_GEOMETRY},
	{24, 1, 2, VIRTIO_BLK_F_TOPOLOGY},
	{26, 2, 1, VIRTIO_BLK_F_TOPOLOGY},
	{28, 4, 1, VIRTIO_BLK_F_TOPOLOGY},
	{32, 1, 1, VIRTIO_BLK_F_CONFIG_WCE},
	{34, 2, 1, VIRTIO_BLK_F_MQ},
	{36, 4, 3, VIRTIO_BLK_F_DISCARD},
	{48, 4, 2, VIRTIO_BLK_F_WRITE_ZEROES},
	{56, 1, 1, VIRTIO_BLK_F_WRITE_ZEROES},
	{60, 4, 3, VIRTIO_BLK_F_SECURE_ERASE},
	{72, 4, 5, VIRTIO_BLK_F_ZONED},
	{92, 1, 1, VIRTIO_BLK_F_ZONED},
	{0, 0, 0, 0},
};

static void violate(struct fake_device *fake, const char *what)
{
	snprintf(fake->violation[fake->violations++ % 16], sizeof(fake->violation[0]), "%s", what);
}

/* 5.2.6.1: the driver's obligations, checked on the device's side. */
static void check_request(struct blk_fixture *fixture, const struct fixture_request *request)
{
	bool moves_data = request->type <= VIRTIO_BLK_T_OUT ||
		request->type == VIRTIO_BLK_T_ZONE_APPEND;
	bool has_sector = moves_data ||
		(request->type >= VIRTIO_BLK_T_ZONE_REPORT &&
			request->type != VIRTIO_BLK_T_ZONE_RESET_ALL);

	if (!has_sector && request->sector != 0)
		violate(fixture->fake, "BIO-06, BZN-04: a sector in a request that has none");
	if (moves_data && request->bytes % VIRTIO_BLK_SECTOR != 0)
		violate(fixture->fake, "BIO-03: data of no whole number of sectors");
	if (moves_data && request->sector * 512 + request->bytes > fixture->config.capacity * 512)
		violate(fixture->fake, "BIO-02: a request past the capacity");
	if (request->type == 5)
		violate(fixture->fake, "BLKL-04: FLUSH_OUT, which is the FLUSH of old devices");
	if (request->type == VIRTIO_BLK_T_FLUSH && request->bytes != 0)
		violate(fixture->fake, "BIO-05: data in a flush");
	if (moves_data && kl_features_has(&fixture->fake->accepted, VIRTIO_BLK_F_SEG_MAX) &&
		fixture->config.seg_max != 0 && request->segments > fixture->config.seg_max)
		violate(fixture->fake, "BLK-07, PKD-13: more segments than seg_max");
}

static void erase(struct blk_fixture *fixture, struct fixture_request *request,
	const struct fake_segment *segment)
{
	struct virtio_blk_range range;

	if (segment->length % sizeof(range) != 0)
		violate(fixture->fake, "BIO-07: ranges of no whole number of 16 bytes");
	for (uint32_t at = 0; at + sizeof(range) <= segment->length; at += sizeof(range)) {
		memcpy(&range, segment->data + at, sizeof(range));
		if (at == 0)
			request->flags = range.flags;
		if ((range.sector | range.num_sectors) % (fixture->config.blk_size / 512) != 0)
			violate(fixture->fake, "BLK-05: a range of no whole number of blocks");
		if (range.sector + range.num_sectors > fixture->config.capacity)
			violate(fixture->fake, "BIO-02: a range past the capacity");
		else
			memset(fixture->disk + range.sector * 512, 0, range.num_sectors * 512ul);
		request->ranges++;
		request->bytes += range.num_sectors * 512ul;
	}
}

void fixture_move(struct blk_fixture *fixture, const struct fixture_request *request,
	const struct fake_segment *segment, uint64_t at)
{
	uint8_t *disk = fixture->disk + request->sector * 512 + at;

	if (fixture->config.seg_max != 0 && fixture->config.size_max != 0 &&
		segment->length > fixture->config.size_max &&
		kl_features_has(&fixture->fake->accepted, VIRTIO_BLK_F_SIZE_MAX))
		violate(fixture->fake, "BLK-07: a segment larger than size_max");
	if (request->sector * 512 + at + segment->length > FIXTURE_DISK_BYTES)
		return;
	if (segment->is_writable)
		memcpy(segment->data, disk, segment->length);
	else
		memcpy(disk, segment->data, segment->length);
}

static void answer(struct blk_fixture *fixture, struct fixture_request *request,
	const struct fake_segment *segment)
{
	char id[VIRTIO_BLK_ID_BYTES] = {0};

	request->bytes = segment->length;
	if (fixture->serial_bytes != NULL)
		memcpy(id, fixture->serial_bytes, sizeof(id));
	else
		memcpy(id, fixture->serial, strnlen(fixture->serial, sizeof(id)));
	if (request->type == VIRTIO_BLK_T_GET_ID)
		memcpy(segment->data, id,
			segment->length < sizeof(id) ? segment->length : sizeof(id));
	else
		memset(segment->data, 7, segment->length);
}

static void handle_data(struct blk_fixture *fixture, struct fixture_request *request,
	const struct fake_chain *chain)
{
	for (unsigned int i = 1; i + 1 < chain->count; i++) {
		const struct fake_segment *segment = &chain->segment[i];

		request->segments++;
		if (segment->is_writable !=
			(request->type != VIRTIO_BLK_T_OUT && request->type < VIRTIO_BLK_T_DISCARD))
			violate(fixture->fake, "BIO-20: data flagged for the wrong direction");
		if (request->type <= VIRTIO_BLK_T_OUT) {
			fixture_move(fixture, request, segment, request->bytes);
			request->bytes += segment->length;
		} else if (request->type >= VIRTIO_BLK_T_DISCARD) {
			erase(fixture, request, segment);
		} else {
			answer(fixture, request, segment);
		}
	}
}

void fixture_violate(struct blk_fixture *fixture, const char *what)
{
	violate(fixture->fake, what);
}

static bool is_bad(const struct blk_fixture *fixture, const struct fixture_request *request)
{
	return fixture->bad_sector >= request->sector &&
		fixture->bad_sector - request->sector < (request->bytes + 511) / 512;
}

static uint32_t handle(struct fake_device *fake, uint16_t queue, const struct fake_chain *chain,
	void *context)
{
	struct blk_fixture *fixture = context;
	const struct fake_segment *status = &chain->segment[chain->count - 1];
	struct virtio_blk_req_header header;
	struct fixture_request *request = &fixture->log[fixture->logged++ % FIXTURE_LOG];
	uint8_t good = VIRTIO_BLK_S_OK;

	(void)queue;
	if (chain->count < 2 || chain->segment[0].length != 16 || chain->segment[0].is_writable ||
		status->length != 1 || !status->is_writable) {
		violate(fake, "BIO-20: a request is header, data, status");
		return 0;
	}
	memcpy(&header, chain->segment[0].data, sizeof(header));
	*request = (struct fixture_request){.type = header.type,
		.sector = header.sector,
		.is_indirect = chain->is_indirect};
	if (header.reserved != 0)
		violate(fake, "BIO-06: the reserved field is not 0");
	if (*status->data != 0xff)
		violate(fake, "BIO-20: the status byte was not poisoned");
	if (fixture->serve != NULL)
		good = fixture->serve(fixture, request, chain);
	else
		handle_data(fixture, request, chain);
	if (header.type == VIRTIO_BLK_T_GET_ID && fixture->id_status != 0)
		good = fixture->id_status;
	check_request(fixture, request);
	if (!fixture->writes_no_status)
		*status->data = is_bad(fixture, request) ? fixture->bad_status : good;
	return fixture->malforms_length ? 0xfffffff0u : (uint32_t)chain->writable_bytes;
}

void fixture_use_virtual_addresses(struct blk_fixture *fixture)
{
	if (fixture->fake->host.reach != NULL)
		return;
	virtual_host_begin(fixture->fake);
	virtual_host_add(fixture->fake, fixture->memory, FIXTURE_MEMORY_BYTES);
}

static void make_disk(struct blk_fixture *fixture)
{
	fixture->disk = malloc(FIXTURE_DISK_BYTES);
	fixture->memory = aligned_alloc(4096, FIXTURE_MEMORY_BYTES);
	cr_assert(fixture->disk != NULL && fixture->memory != NULL);
	for (uint32_t i = 0; i < FIXTURE_DISK_BYTES; i++)
		fixture->disk[i] = (uint8_t)(i / 512 + i);
	memset(fixture->memory, 0, FIXTURE_MEMORY_BYTES);
	fake_add_window(fixture->fake, fixture->memory, MEMORY_IOVA, FIXTURE_MEMORY_BYTES);
	if (ring_is("virtual"))
		fixture_use_virtual_addresses(fixture);
}

void fixture_prepare(struct blk_fixture *fixture)
{
	static const unsigned int offered[] = {VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
		VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_F_BLK_SIZE, VIRTIO_BLK_F_FLUSH};

	capture_log();
	memset(fixture, 0, sizeof(*fixture));
	fixture->fake = fake_new(VIRTIO_ID_BLOCK);
	cr_assert_neq(fixture->fake, NULL);
	fixture->config = (struct virtio_blk_config){.capacity = FIXTURE_DISK_BYTES / 512,
		.seg_max = 8,
		.blk_size = 512};
	fixture->bad_sector = NO_SECTOR;
	fixture->bad_status = VIRTIO_BLK_S_IOERR;
	fixture->serial = "";
	fixture->serial_bytes = NULL;
	make_disk(fixture);
	for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++)
		fake_offer(fixture->fake, offered[i]);
	ring_variant_offer(fixture->fake);
	fixture->fake->script.fields = fields;
	fixture->fake->script.handler = handle;
	fixture->fake->script.context = fixture;
	fixture->fake->script.config_length = sizeof(fixture->config);
	fixture->fake->script.num_queues = 1;
	/* A request of header, one segment and status is a chain of three. */
	fixture->fake->script.queue_size[0] = fixture->fake->queue[0].size = ring_is("direct") ?
		4 * FIXTURE_RING :
		FIXTURE_RING;
	fixture_apply_config(fixture);
}

void fixture_apply_config(struct blk_fixture *fixture)
{
	memcpy(fixture->fake->script.config, &fixture->config, sizeof(fixture->config));
	fake_rebuild(fixture->fake);
}

int fixture_attach(struct blk_fixture *fixture, const char *options)
{
	struct kl__transport *transport;
	int rc = ring_variant_open(fixture->fake, &transport);

	if (rc != 0)
		return rc;
	rc = attach_device(transport, &fixture->fake->host, options, &fixture->device);
	if (rc != 0)
		return rc;
	fixture->blk = kl_blk_from_device(fixture->device);
	cr_assert_neq(fixture->blk, NULL);
	return 0;
}

void fixture_start(struct blk_fixture *fixture, const struct kl_blk_conf *conf)
{
	cr_assert_eq(kl_blk_start(fixture->blk, conf), 0, "%s", log_text());
	fixture->fake->queue[0].kicks = conf->kick.mode == KL_KICK_EAGER ? FAKE_KICKS_EAGER :
									   FAKE_KICKS_LAZY;
}

void fixture_open(struct blk_fixture *fixture)
{
	fixture_prepare(fixture);
	cr_assert_eq(fixture_attach(fixture, NULL), 0, "%s", log_text());
	fixture_start(fixture, &(struct kl_blk_conf){0});
}

void fixture_close(struct blk_fixture *fixture)
{
	if (fixture->device != NULL)
		kl_device_close(fixture->device);
	virtual_host_end(fixture->fake);
	finish(fixture->fake);
	free(fixture->disk);
	free(fixture->memory);
}

struct kl_blk_request fixture_data(struct blk_fixture *fixture, enum kl_blk_op op, size_t at,
	uint64_t offset, uint64_t length)
{
	return (struct kl_blk_request){.op = (uint8_t)op,
		.buffer = fixture->memory + at,
		.offset = offset,
		.length = length,
		.user_data = at};
}

void fixture_submit(struct blk_fixture *fixture, struct kl_blk_request request)
{
	cr_assert_eq(kl_blk_submit(fixture->blk, 0, &request, 1), 1);
}

unsigned int fixture_drain(struct blk_fixture *fixture, struct kl_blk_completion *completions,
	unsigned int max)
{
	unsigned int n = 0, idle = 0;

	while (n < max && idle < 3) {
		unsigned int served = fake_process(fixture->fake, 0, FIXTURE_RING);
		uint16_t got = kl_blk_poll(fixture->blk, 0, completions + n, (uint16_t)(max - n));

		n += got;
		idle = served == 0 && got == 0 ? idle + 1 : 0;
	}
	return n;
}

int fixture_run(struct blk_fixture *fixture, struct kl_blk_request request)
{
	struct kl_blk_completion completions[2];

	request.user_data = 0x123456789abcdef0;
	fixture_submit(fixture, request);
	cr_assert_eq(fixture_drain(fixture, completions, 2), 1);
	cr_expect_eq(completions[0].user_data, request.user_data);
	fixture->value = completions[0].value;
	return completions[0].result;
}

void fixture_expect_works(struct blk_fixture *fixture)
{
	fixture->fake->queue[0].kicks = FAKE_KICKS_EAGER;
	cr_expect_eq(fixture_run(fixture, fixture_data(fixture, KL_BLK_READ, 0, 4096, 4096)), 0);
	cr_expect_eq(memcmp(fixture->memory, fixture->disk + 4096, 4096), 0);
}

void fixture_expect_sum(struct blk_fixture *fixture, uint64_t in_flight)
{
	struct kl_blk_queue_stats stats;

	cr_assert_eq(kl_blk_queue_stats_get(fixture->blk, 0, &stats), 0);
	cr_expect_eq(stats.queue.posted, stats.queue.done + stats.queue.failed + in_flight,
		"posted %llu, done %llu, failed %llu", (unsigned long long)stats.queue.posted,
		(unsigned long long)stats.queue.done, (unsigned long long)stats.queue.failed);
}
