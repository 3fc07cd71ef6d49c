/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A back end that goes away under a running device, and is found again after a while: what was in
 * flight completes when it goes, and nothing is taken until it is back.
 */
#include <errno.h>

#include <criterion/criterion.h>

#include "blk_fixture.h"
#include "state.h"

static struct blk_fixture fixture;

static const struct kl__transport_ops *usual;
static struct kl__transport_ops leavable;
static unsigned int absences; /* times that it is looked for in vain */
static int meeting; /* how the next meeting ends */
static const char *options;
static bool answers; /* the next back end serves requests */

static int reconnect(struct kl__transport *transport)
{
	if (absences > 0) {
		absences--;
		return -EAGAIN;
	}
	if (meeting == 0) {
		fixture.fake->script.is_gone = false;
		/* The driver reads the serial number. */
		fixture.fake->script.serves_doorbells = answers;
		transport->ops->set_status(transport, 0);
	}
	return meeting;
}

static void start_leavable(const struct kl_blk_conf *conf)
{
	fixture_apply_config(&fixture);
	cr_assert_eq(fixture_attach(&fixture, options), 0);
	usual = fixture.device->transport->ops;
	leavable = *usual;
	leavable.reconnect = reconnect;
	fixture.device->transport->ops = &leavable;
	meeting = 0;
	answers = true;
	fixture.fake->script.serves_doorbells = true;
	fixture_start(&fixture, conf);
	fixture.fake->script.serves_doorbells = false;
}

static void open_leavable(void)
{
	fixture_prepare(&fixture);
	start_leavable(&(struct kl_blk_conf){0});
}

/* Until it has been looked for so many times in vain. */
static void leave(unsigned int times)
{
	fixture.fake->script.is_gone = true;
	absences = times;
	kl_device_event_handle(fixture.device);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_HALTED);
}

static void close_leavable(void)
{
	/* Violations by register writes while the device was disconnected. */
	while (fake_take_violation(fixture.fake, ""))
		;
	fixture_close(&fixture);
}

Test(away, the_back_end_goes_and_returns)
{
	struct kl_blk_completion done[4];
	struct kl_blk_queue_stats stats;

	open_leavable();
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 4096, 0, 4096));
	fake_process(fixture.fake, 0, 1);
	leave(2);
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN, "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_AWAY);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 4), 2, "all has completed while it is away");
	cr_expect_eq(done[0].result, 0);
	cr_expect_eq(done[1].result, -ECANCELED);
	cr_expect_eq(kl_blk_submit(fixture.blk, 0, &(struct kl_blk_request){.op = KL_BLK_FLUSH}, 1),
		0);
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_RUNNING);
	kl_blk_queue_stats_get(fixture.blk, 0, &stats);
	cr_expect_eq(stats.resets, 1);
	fixture_expect_sum(&fixture, 0);
	fixture_expect_works(&fixture);
	close_leavable();
}

static unsigned int later_absences;

/* Disconnects when the driver writes the features it accepts. */
static void leave_again(struct kl__transport *transport, const struct kl_features *features)
{
	(void)transport;
	(void)features;
	fixture.fake->script.is_gone = true;
	absences = later_absences;
}

static void try_leaving_twice(unsigned int times)
{
	open_leavable();
	leave(0);
	later_absences = times;
	leavable.set_features = leave_again;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN, "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_AWAY);
	leavable.set_features = usual->set_features;
	for (unsigned int i = 1; i < times; i++)
		cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	fixture_expect_works(&fixture);
	close_leavable();
}

/* Without a pause the back end is connected again before the driver stops its recovery. */
Test(away, the_back_end_goes_twice)
{
	try_leaving_twice(0);
	try_leaving_twice(3);
}

Test(away, stopped_without_a_back_end)
{
	struct kl_blk_completion done[1];

	open_leavable();
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	leave(2);
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_STOPPED);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, -ECANCELED);
	cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), -EAGAIN);
	cr_expect(logged("its back end is not there"), "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_expect_works(&fixture);
	close_leavable();
}

Test(away, something_else_returns)
{
	open_leavable();
	leave(0);
	meeting = -EPROTO;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EPROTO);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_FAILED);
	close_leavable();
}

/* The new back end serves another disk: a recovery does not write to it, a start may. */
Test(away, another_disk_returns)
{
	struct kl_blk_completion done[1];
	char id[KL_BLK_ID_BYTES + 1];

	fixture_prepare(&fixture);
	fixture.serial = "disk A";
	start_leavable(&(struct kl_blk_conf){0});
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_WRITE, 0, 0, 4096));
	leave(1);
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN);
	fixture.serial = "disk \033B";
	cr_expect_eq(kl_blk_recover(fixture.blk), -ESTALE, "%s", log_text());
	cr_expect(logged("its serial number is 'disk \\x1bB' instead of 'disk A'"), "%s",
		log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_FAILED);
	cr_expect_eq(kl_blk_submit(fixture.blk, 0, &(struct kl_blk_request){.op = KL_BLK_FLUSH}, 1),
		0);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(done->result, -ECANCELED);
	cr_expect_eq(kl_blk_recover(fixture.blk), -EIO);
	cr_expect_eq(kl_blk_id_read(fixture.blk, id), 0, "%s", log_text());
	cr_expect_str_eq(id, "disk \033B");
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_expect_works(&fixture);
	close_leavable();
}

/* Two resets around one connection: the second one has not connected, but the disk is another. */
Test(away, another_disk_after_two_departures)
{
	fixture_prepare(&fixture);
	fixture.serial = "disk A";
	start_leavable(&(struct kl_blk_conf){0});
	leave(0);
	later_absences = 0;
	leavable.set_features = leave_again;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN, "%s", log_text());
	leavable.set_features = usual->set_features;
	fixture.serial = "disk B";
	cr_expect_eq(kl_blk_recover(fixture.blk), -ESTALE, "%s", log_text());
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_FAILED);
	close_leavable();
}

/* As before, but a thread within a call is what lets a second reset come. */
Test(away, another_disk_under_a_thread)
{
	struct kl__gate *gate;
	uint64_t ticks;

	fixture_prepare(&fixture);
	fixture.serial = "disk A";
	start_leavable(&(struct kl_blk_conf){0});
	leave(1);
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN, "%s", log_text());
	gate = &fixture.blk->queues[0]->gate;
	ticks = fixture.device->host->ticks_per_second;
	fixture.device->host->ticks_per_second = ticks / 100;
	kl__store(&gate->inside, 1);
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN);
	cr_expect(logged("a thread has been within a call"), "%s", log_text());
	kl__store(&gate->inside, 0);
	fixture.device->host->ticks_per_second = ticks;
	fixture.serial = "disk B";
	cr_expect_eq(kl_blk_recover(fixture.blk), -ESTALE, "%s", log_text());
	close_leavable();
}

/* The start after the refusal takes the disk that is there, and later ones are compared with it. */
Test(away, another_disk_is_taken_by_a_start)
{
	fixture_prepare(&fixture);
	fixture.serial = "disk A";
	start_leavable(&(struct kl_blk_conf){0});
	leave(0);
	fixture.serial = "disk B";
	cr_expect_eq(kl_blk_recover(fixture.blk), -ESTALE, "%s", log_text());
	forget_log();
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect(logged("it is another disk now"), "%s", log_text());
	leave(0);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	fixture_expect_works(&fixture);
	fixture.fake->script.serves_doorbells = false;
	leave(0);
	fixture.serial = "disk A";
	cr_expect_eq(kl_blk_recover(fixture.blk), -ESTALE, "%s", log_text());
	close_leavable();
}

/* Restarted while stopped, as another disk: the start takes it, with a notice. */
Test(away, another_disk_at_a_start)
{
	fixture_prepare(&fixture);
	fixture.serial = "disk A";
	start_leavable(&(struct kl_blk_conf){0});
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	fixture.fake->script.is_gone = true;
	absences = 0;
	fixture.serial = "disk B";
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	cr_expect(logged("it is another disk now"), "%s", log_text());
	fixture_expect_works(&fixture);
	close_leavable();
}

/*
 * A serial number that can't be read, or newly can, proves nothing. The one that was read last is
 * what later ones are compared with.
 */
Test(away, a_serial_number_comes_and_goes)
{
	static const uint8_t statuses[] = {VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_S_IOERR, 0};

	fixture_prepare(&fixture);
	fixture.serial = "disk A";
	start_leavable(&(struct kl_blk_conf){0});
	for (unsigned int i = 0; i < sizeof(statuses); i++) {
		fixture.id_status = statuses[i];
		forget_log();
		leave(0);
		cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
		cr_expect_eq(logged("may be another disk"), i < 2, "%u: %s", i, log_text());
		fixture_expect_works(&fixture);
	}
	fixture_expect_sum(&fixture, 0);
	close_leavable();
}

static void come_back(uint8_t id_status, const char *serial, int expected, bool warns)
{
	fixture.id_status = id_status;
	fixture.serial = serial;
	fixture.fake->script.serves_doorbells = false;
	forget_log();
	leave(0);
	cr_expect_eq(kl_blk_recover(fixture.blk), expected, "%s", log_text());
	cr_expect_eq(logged("may be another disk"), warns, "%s", log_text());
}

Test(away, another_disk_after_one_without_a_serial_number)
{
	fixture_prepare(&fixture);
	fixture.serial = "disk A";
	start_leavable(&(struct kl_blk_conf){0});
	come_back(VIRTIO_BLK_S_IOERR, "disk A", 0, true);
	come_back(0, "disk B", -ESTALE, false);
	/* A start takes a disk without one, and the first that is read then is its own. */
	fixture.id_status = VIRTIO_BLK_S_IOERR;
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	come_back(0, "disk C", 0, true);
	come_back(0, "disk B", -ESTALE, false);
	close_leavable();
}

/* It accepts the connection and then serves nothing: it may yet, so that it is waited for. */
Test(away, a_back_end_that_does_not_answer)
{
	struct kl_blk_completion done[1];

	open_leavable();
	fixture_submit(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 0, 4096));
	leave(0);
	answers = false;
	kl__default_timeout_ms = 200;
	for (unsigned int i = 0; i < 5; i++) {
		fake_trace_clear(fixture.fake);
		cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN, "%s", log_text());
		cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_AWAY);
		/* Over vhost-user each reading of the status is a message. */
		cr_expect_lt(fake_trace_count(fixture.fake, "device_status", false), 120);
	}
	cr_expect(logged("was not answered within 200 ms (option timeout_ms)"), "%s", log_text());
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 1);
	cr_expect_eq(kl_blk_poll(fixture.blk, 0, done, 1), 0, "and nothing else");
	fixture.fake->script.serves_doorbells = true;
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	fixture_expect_works(&fixture);

	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	fixture.fake->script.serves_doorbells = false;
	fixture.fake->script.is_gone = true;
	cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){0}), -EAGAIN);
	cr_expect_eq(kl_blk_state(fixture.blk), KL_DEVICE_STOPPED);
	fixture.fake->script.serves_doorbells = true;
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_expect_works(&fixture);
	close_leavable();
}

/* As one does that is not ready yet when the driver writes the doorbell. */
Test(away, the_first_doorbell_is_lost)
{
	open_leavable();
	leave(0);
	fixture.fake->script.lost_doorbells = (unsigned int)fixture.fake->queue[0].doorbells + 1;
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	fixture.fake->script.lost_doorbells = 0;
	fixture_expect_works(&fixture);
	close_leavable();
}

static unsigned int readings;

static uint16_t lose_size(struct kl__transport *transport, uint16_t index)
{
	/* The first one is for the information about the disk. */
	return ++readings == 2 ? 0 : usual->queue_max_size(transport, index);
}

/* The register of a ring's size reads 0 once, and then again what the device can have. */
Test(away, a_size_that_is_missing_once)
{
	struct kl_blk_queue_info info;

	fixture_prepare(&fixture);
	fixture.fake->script.queue_size[0] = fixture.fake->queue[0].size = 16 * FIXTURE_RING;
	start_leavable(&(struct kl_blk_conf){.ring_size = FIXTURE_RING});
	kl_device_halt(fixture.device, NULL, "the test wants it");
	leavable.queue_max_size = lose_size;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EINVAL, "%s", log_text());
	cr_expect(logged("queue 0 does not exist"), "%s", log_text());
	fixture.fake->script.serves_doorbells = true;
	fixture_start(&fixture, &(struct kl_blk_conf){.ring_size = FIXTURE_RING});
	cr_assert_eq(kl_blk_queue_info_get(fixture.blk, 0, &info), 0);
	cr_expect_eq(info.size, FIXTURE_RING);
	fixture_expect_works(&fixture);
	close_leavable();
}

/* Less of everything, each by name; what is still possible goes on. */
Test(away, a_lesser_disk_returns)
{
	struct kl_blk_request request;
	uint16_t ring;

	fixture_prepare(&fixture);
	ring = fixture.fake->script.queue_size[0];
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fake_offer(fixture.fake, VIRTIO_BLK_F_WRITE_ZEROES);
	start_leavable(&(struct kl_blk_conf){0});
	leave(0);
	fake_offer_not(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fake_offer_not(fixture.fake, VIRTIO_BLK_F_WRITE_ZEROES);
	fake_offer_not(fixture.fake, VIRTIO_BLK_F_FLUSH);
	fake_offer(fixture.fake, VIRTIO_BLK_F_RO);
	fixture.config.capacity = 4096;
	fixture.config.blk_size = 4096;
	fixture.fake->script.queue_size[0] = fixture.fake->queue[0].size = ring / 2;
	fixture_apply_config(&fixture);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect(logged("capacity 2097152 instead of 8388608 bytes: requests beyond it fail with "
			 "ERANGE; block size 4096 instead of 512"),
		"%s", log_text());
	cr_expect(logged("read-only now"), "%s", log_text());
	cr_expect(logged(
		"no write cache; discards fail with ENOTSUP; requests to write zeroes fail"));
	cr_expect(logged("features lost: FLUSH DISCARD WRITE_ZEROES; new features: RO"), "%s",
		log_text());
	cr_expect(logged("largest ring "), "%s", log_text());
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 2097152, 4096)),
		-ERANGE);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_READ, 0, 512, 512)),
		-EINVAL);
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_WRITE, 0, 0, 4096)),
		-EROFS);
	cr_expect_eq(fixture_run(&fixture, (struct kl_blk_request){.op = KL_BLK_FLUSH}), 0);
	request = (struct kl_blk_request){.op = KL_BLK_DISCARD, .length = 4096};
	cr_expect_eq(fixture_run(&fixture, request), -ENOTSUP);
	fixture_expect_works(&fixture);

	/* Then all of it again. */
	fixture.fake->script.serves_doorbells = false;
	leave(0);
	fake_offer(fixture.fake, VIRTIO_BLK_F_DISCARD);
	fake_offer(fixture.fake, VIRTIO_BLK_F_FLUSH);
	fake_offer_not(fixture.fake, VIRTIO_BLK_F_RO);
	fixture.config.capacity = FIXTURE_DISK_BYTES / 512;
	fixture.config.blk_size = 512;
	fixture.fake->script.queue_size[0] = fixture.fake->queue[0].size = ring;
	fixture_apply_config(&fixture);
	forget_log();
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect(logged("no longer read-only"), "%s", log_text());
	cr_expect_eq(fixture_run(&fixture, fixture_data(&fixture, KL_BLK_WRITE, 0, 4194304, 512)),
		0);
	fixture_expect_works(&fixture);
	close_leavable();
}

static void prepare_queues(uint16_t count)
{
	fixture.config.num_queues = count;
	fixture.fake->script.num_queues = count;
	for (uint16_t i = 1; i < count; i++)
		fixture.fake->script.queue_size[i] = fixture.fake->queue[i].size =
			fixture.fake->script.queue_size[0];
	fixture_apply_config(&fixture);
}

/* Requests of a queue that is gone complete, and it takes no more of them until it is back. */
Test(away, fewer_queues_return)
{
	const struct kl_blk_request read = {.op = KL_BLK_READ, .length = 4096, .user_data = 7};
	struct kl_blk_queue_info info;
	struct kl_blk_completion done[4];
	struct kl_blk_request request = read;

	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_MQ);
	prepare_queues(3);
	start_leavable(&(struct kl_blk_conf){.queues = 3});
	request.buffer = fixture.memory;
	for (uint16_t i = 0; i < 3; i++)
		cr_assert_eq(kl_blk_submit(fixture.blk, i, &request, 1), 1);
	leave(0);
	prepare_queues(1);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect(logged("queues 1 instead of 3: those from 1 on take no requests"), "%s",
		log_text());
	for (uint16_t i = 0; i < 3; i++) {
		cr_expect_eq(kl_blk_poll(fixture.blk, i, done, 4), 1, "queue %u", i);
		cr_expect_eq(done->result, -ECANCELED);
		cr_expect_eq(kl_blk_queue_info_get(fixture.blk, i, &info), i == 0 ? 0 : -EINVAL);
	}
	cr_expect_eq(kl_blk_submit(fixture.blk, 1, &request, 1), 0);
	cr_expect_eq(kl_blk_wait(fixture.blk, 1, done, 1, 1, UINT64_MAX), -ESHUTDOWN);
	fixture_expect_works(&fixture);

	fixture.fake->script.serves_doorbells = false;
	leave(0);
	prepare_queues(3);
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	for (uint16_t i = 0; i < 3; i++) {
		cr_expect_eq(kl_blk_submit(fixture.blk, i, &request, 1), 1, "queue %u", i);
		cr_expect_eq(kl_blk_wait(fixture.blk, i, done, 1, 1, 1000000000), 1);
		cr_expect_eq(done->result, 0);
	}
	fixture_expect_works(&fixture);
	close_leavable();
}

/* Restarted while stopped, with fewer queues than the start wants. */
Test(away, fewer_queues_at_a_start)
{
	fixture_prepare(&fixture);
	fake_offer(fixture.fake, VIRTIO_BLK_F_MQ);
	prepare_queues(3);
	start_leavable(&(struct kl_blk_conf){.queues = 3});
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	fixture.fake->script.is_gone = true;
	absences = 0;
	prepare_queues(2);
	cr_expect_eq(kl_blk_start(fixture.blk, &(struct kl_blk_conf){.queues = 3}), -EINVAL, "%s",
		log_text());
	cr_expect(logged("3 queues are not possible; allowed: 1 to 2"), "%s", log_text());
	fixture_start(&fixture, &(struct kl_blk_conf){.queues = 2});
	fixture_expect_works(&fixture);
	close_leavable();
}

static void make_zoned(void)
{
	fake_offer(fixture.fake, VIRTIO_BLK_F_ZONED);
	fixture.config.zoned.model = VIRTIO_BLK_Z_HOST_MANAGED;
	fixture.config.zoned.zone_sectors = 2048;
	fixture.config.zoned.write_granularity = 512;
	fixture_apply_config(&fixture);
}

/* Its zones are to be written in order from now on, or it is not driven at all. */
Test(away, a_zoned_disk_returns)
{
	fixture_prepare(&fixture);
	start_leavable(&(struct kl_blk_conf){0});
	leave(0);
	make_zoned();
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect(kl_features_has(&fixture.fake->accepted, VIRTIO_BLK_F_ZONED));
	cr_expect_eq(kl_blk_info(fixture.blk)->zones.zone_bytes, 2048 * 512);
	cr_expect(logged("zone size 1048576 instead of 0"), "%s", log_text());
	close_leavable();

	/* Two resets around one connection. */
	fixture_prepare(&fixture);
	start_leavable(&(struct kl_blk_conf){0});
	leave(0);
	later_absences = 0;
	leavable.set_features = leave_again;
	cr_expect_eq(kl_blk_recover(fixture.blk), -EAGAIN, "%s", log_text());
	leavable.set_features = usual->set_features;
	make_zoned();
	cr_expect_eq(kl_blk_recover(fixture.blk), 0, "%s", log_text());
	cr_expect(kl_features_has(&fixture.fake->accepted, VIRTIO_BLK_F_ZONED));
	close_leavable();

	fixture_prepare(&fixture);
	options = "features=-ZONED";
	start_leavable(&(struct kl_blk_conf){0});
	options = NULL;
	leave(0);
	make_zoned();
	cr_expect_eq(kl_blk_recover(fixture.blk), -EINVAL, "%s", log_text());
	cr_expect(logged("would lose data"), "%s", log_text());
	close_leavable();
}

/* A back end that was restarted while the device was stopped: the start connects to the new one. */
Test(away, restarted_while_stopped)
{
	open_leavable();
	cr_expect_eq(kl_blk_stop(fixture.blk), 0);
	fixture.fake->script.is_gone = true;
	absences = 0;
	fixture_start(&fixture, &(struct kl_blk_conf){0});
	fixture_expect_works(&fixture);
	close_leavable();
}
