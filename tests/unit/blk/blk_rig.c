/* SPDX-License-Identifier: BSD-3-Clause */
#include "blk_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "spec/features.h"

#define NO_SECTOR UINT64_MAX
#define MEMORY_IOVA (UINT64_C(1) << 40)

/* 5.2.4: what may be read, and in which width. */
static const struct model_config_field fields[] = {
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

static void violate(struct model *model, const char *what)
{
	snprintf(model->violation[model->violations++ % 16], sizeof(model->violation[0]), "%s",
		what);
}

/* 5.2.6.1: what a driver must keep to, told by the one who gets it. */
static void judge(struct blk_rig *rig, const struct rig_request *request)
{
	bool moves_data = request->type <= VIRTIO_BLK_T_OUT ||
		request->type == VIRTIO_BLK_T_ZONE_APPEND;
	bool has_sector = moves_data ||
		(request->type >= VIRTIO_BLK_T_ZONE_REPORT &&
			request->type != VIRTIO_BLK_T_ZONE_RESET_ALL);

	if (!has_sector && request->sector != 0)
		violate(rig->model, "BIO-06, BZN-04: a sector in a request that has none");
	if (moves_data && request->bytes % VIRTIO_BLK_SECTOR != 0)
		violate(rig->model, "BIO-03: data of no whole number of sectors");
	if (moves_data && request->sector * 512 + request->bytes > rig->config.capacity * 512)
		violate(rig->model, "BIO-02: a request past the capacity");
	if (request->type == 5)
		violate(rig->model, "BLKL-04: FLUSH_OUT, which is the FLUSH of old devices");
	if (request->type == VIRTIO_BLK_T_FLUSH && request->bytes != 0)
		violate(rig->model, "BIO-05: data in a flush");
	if (moves_data && kl_features_has(&rig->model->accepted, VIRTIO_BLK_F_SEG_MAX) &&
		request->segments > rig->config.seg_max)
		violate(rig->model, "BLK-07, PKD-13: more segments than seg_max");
}

static void erase(struct blk_rig *rig, struct rig_request *request, const struct model_piece *piece)
{
	struct virtio_blk_range range;

	if (piece->length % sizeof(range) != 0)
		violate(rig->model, "BIO-07: ranges of no whole number of 16 bytes");
	for (uint32_t at = 0; at + sizeof(range) <= piece->length; at += sizeof(range)) {
		memcpy(&range, piece->data + at, sizeof(range));
		if (at == 0)
			request->flags = range.flags;
		if ((range.sector | range.num_sectors) % (rig->config.blk_size / 512) != 0)
			violate(rig->model, "BLK-05: a range of no whole number of blocks");
		if (range.sector + range.num_sectors > rig->config.capacity)
			violate(rig->model, "BIO-02: a range past the capacity");
		else
			memset(rig->disk + range.sector * 512, 0, range.num_sectors * 512ul);
		request->ranges++;
		request->bytes += range.num_sectors * 512ul;
	}
}

void rig_move(struct blk_rig *rig, const struct rig_request *request,
	const struct model_piece *piece, uint64_t at)
{
	uint8_t *disk = rig->disk + request->sector * 512 + at;

	if (rig->config.seg_max != 0 && rig->config.size_max != 0 &&
		piece->length > rig->config.size_max &&
		kl_features_has(&rig->model->accepted, VIRTIO_BLK_F_SIZE_MAX))
		violate(rig->model, "BLK-07: a segment larger than size_max");
	if (request->sector * 512 + at + piece->length > RIG_DISK_BYTES)
		return;
	if (piece->is_writable)
		memcpy(piece->data, disk, piece->length);
	else
		memcpy(disk, piece->data, piece->length);
}

static void answer(struct blk_rig *rig, struct rig_request *request,
	const struct model_piece *piece)
{
	char id[VIRTIO_BLK_ID_BYTES] = {0};

	request->bytes = piece->length;
	memcpy(id, rig->serial, strnlen(rig->serial, sizeof(id)));
	if (request->type == VIRTIO_BLK_T_GET_ID)
		memcpy(piece->data, id, piece->length < sizeof(id) ? piece->length : sizeof(id));
	else
		memset(piece->data, 7, piece->length);
}

static void handle_data(struct blk_rig *rig, struct rig_request *request,
	const struct model_chain *chain)
{
	for (unsigned int i = 1; i + 1 < chain->count; i++) {
		const struct model_piece *piece = &chain->piece[i];

		request->segments++;
		if (piece->is_writable !=
			(request->type != VIRTIO_BLK_T_OUT && request->type < VIRTIO_BLK_T_DISCARD))
			violate(rig->model, "BIO-20: data flagged for the wrong direction");
		if (request->type <= VIRTIO_BLK_T_OUT) {
			rig_move(rig, request, piece, request->bytes);
			request->bytes += piece->length;
		} else if (request->type >= VIRTIO_BLK_T_DISCARD) {
			erase(rig, request, piece);
		} else {
			answer(rig, request, piece);
		}
	}
}

void rig_violate(struct blk_rig *rig, const char *what)
{
	violate(rig->model, what);
}

static bool is_bad(const struct blk_rig *rig, const struct rig_request *request)
{
	return rig->bad_sector >= request->sector &&
		rig->bad_sector - request->sector < (request->bytes + 511) / 512;
}

static uint32_t handle(struct model *model, uint16_t queue, const struct model_chain *chain,
	void *context)
{
	struct blk_rig *rig = context;
	const struct model_piece *status = &chain->piece[chain->count - 1];
	struct virtio_blk_req_header header;
	struct rig_request *request = &rig->log[rig->logged++ % RIG_LOG];
	uint8_t good = VIRTIO_BLK_S_OK;

	(void)queue;
	if (chain->count < 2 || chain->piece[0].length != 16 || chain->piece[0].is_writable ||
		status->length != 1 || !status->is_writable) {
		violate(model, "BIO-20: a request is header, data, status");
		return 0;
	}
	memcpy(&header, chain->piece[0].data, sizeof(header));
	*request = (struct rig_request){.type = header.type,
		.sector = header.sector,
		.is_indirect = chain->is_indirect};
	if (header.reserved != 0)
		violate(model, "BIO-06: the reserved field is not 0");
	if (*status->data != 0xff)
		violate(model, "BIO-20: the status byte was not poisoned");
	if (rig->serve != NULL)
		good = rig->serve(rig, request, chain);
	else
		handle_data(rig, request, chain);
	judge(rig, request);
	if (!rig->writes_no_status)
		*status->data = is_bad(rig, request) ? rig->bad_status : good;
	return rig->lies_about_length ? 0xfffffff0u : (uint32_t)chain->writable_bytes;
}

static void make_disk(struct blk_rig *rig)
{
	rig->disk = malloc(RIG_DISK_BYTES);
	rig->memory = aligned_alloc(4096, RIG_MEMORY_BYTES);
	cr_assert(rig->disk != NULL && rig->memory != NULL);
	for (uint32_t i = 0; i < RIG_DISK_BYTES; i++)
		rig->disk[i] = (uint8_t)(i / 512 + i);
	memset(rig->memory, 0, RIG_MEMORY_BYTES);
	model_add_window(rig->model, rig->memory, MEMORY_IOVA, RIG_MEMORY_BYTES);
}

void rig_prepare(struct blk_rig *rig)
{
	static const unsigned int offered[] = {VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
		VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_F_BLK_SIZE, VIRTIO_BLK_F_FLUSH};

	capture_log();
	memset(rig, 0, sizeof(*rig));
	rig->model = model_new(VIRTIO_ID_BLOCK);
	cr_assert_neq(rig->model, NULL);
	rig->config = (struct virtio_blk_config){.capacity = RIG_DISK_BYTES / 512,
		.seg_max = 8,
		.blk_size = 512};
	rig->bad_sector = NO_SECTOR;
	rig->bad_status = VIRTIO_BLK_S_IOERR;
	rig->serial = "";
	make_disk(rig);
	for (size_t i = 0; i < sizeof(offered) / sizeof(offered[0]); i++)
		model_offer(rig->model, offered[i]);
	ring_variant_offer(rig->model);
	rig->model->script.fields = fields;
	rig->model->script.handler = handle;
	rig->model->script.context = rig;
	rig->model->script.config_length = sizeof(rig->config);
	rig->model->script.num_queues = 1;
	/* A request of header, one piece and status is a chain of three. */
	rig->model->script.queue_size[0] = rig->model->queue[0].size = ring_is("direct") ?
		4 * RIG_RING :
		RIG_RING;
	rig_apply_config(rig);
}

void rig_apply_config(struct blk_rig *rig)
{
	memcpy(rig->model->script.config, &rig->config, sizeof(rig->config));
	model_rebuild(rig->model);
}

int rig_attach(struct blk_rig *rig, const char *options)
{
	struct kl__transport *transport;
	int rc = ring_variant_open(rig->model, &transport);

	if (rc != 0)
		return rc;
	rc = kl__device_attach(transport, &rig->model->host, options, &rig->device);
	if (rc != 0) {
		rig->device = NULL;
		transport->ops->close(transport);
		return rc;
	}
	rig->blk = kl_blk_from_device(rig->device);
	cr_assert_neq(rig->blk, NULL);
	return 0;
}

void rig_start(struct blk_rig *rig, const struct kl_blk_conf *conf)
{
	cr_assert_eq(kl_blk_start(rig->blk, conf), 0, "%s", log_text());
	rig->model->queue[0].kicks = conf->kick.mode == KL_KICK_EAGER ? MODEL_KICKS_EAGER :
									MODEL_KICKS_LAZY;
}

void rig_open(struct blk_rig *rig)
{
	rig_prepare(rig);
	cr_assert_eq(rig_attach(rig, NULL), 0, "%s", log_text());
	rig_start(rig, &(struct kl_blk_conf){0});
}

void rig_close(struct blk_rig *rig)
{
	if (rig->device != NULL)
		kl_device_close(rig->device);
	finish(rig->model);
	free(rig->disk);
	free(rig->memory);
}

struct kl_blk_request rig_data(struct blk_rig *rig, enum kl_blk_op op, size_t at, uint64_t offset,
	uint64_t length)
{
	return (struct kl_blk_request){.op = (uint8_t)op,
		.buffer = rig->memory + at,
		.offset = offset,
		.length = length,
		.user_data = at};
}

void rig_submit(struct blk_rig *rig, struct kl_blk_request request)
{
	cr_assert_eq(kl_blk_submit(rig->blk, 0, &request, 1), 1);
}

unsigned int rig_drain(struct blk_rig *rig, struct kl_blk_completion *completions, unsigned int max)
{
	unsigned int n = 0, idle = 0;

	while (n < max && idle < 3) {
		unsigned int served = model_process(rig->model, 0, RIG_RING);
		uint16_t got = kl_blk_poll(rig->blk, 0, completions + n, (uint16_t)(max - n));

		n += got;
		idle = served == 0 && got == 0 ? idle + 1 : 0;
	}
	return n;
}

int rig_run(struct blk_rig *rig, struct kl_blk_request request)
{
	struct kl_blk_completion completions[2];

	request.user_data = 0x123456789abcdef0;
	rig_submit(rig, request);
	cr_assert_eq(rig_drain(rig, completions, 2), 1);
	cr_expect_eq(completions[0].user_data, request.user_data);
	rig->value = completions[0].value;
	return completions[0].result;
}

void rig_expect_works(struct blk_rig *rig)
{
	rig->model->queue[0].kicks = MODEL_KICKS_EAGER;
	cr_expect_eq(rig_run(rig, rig_data(rig, KL_BLK_READ, 0, 4096, 4096)), 0);
	cr_expect_eq(memcmp(rig->memory, rig->disk + 4096, 4096), 0);
}

void rig_expect_sum(struct blk_rig *rig, uint64_t in_flight)
{
	struct kl_blk_queue_stats stats;

	cr_assert_eq(kl_blk_queue_stats_get(rig->blk, 0, &stats), 0);
	cr_expect_eq(stats.queue.posted, stats.queue.done + stats.queue.failed + in_flight,
		"posted %llu, done %llu, failed %llu", (unsigned long long)stats.queue.posted,
		(unsigned long long)stats.queue.done, (unsigned long long)stats.queue.failed);
}
