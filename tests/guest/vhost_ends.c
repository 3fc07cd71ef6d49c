/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: vhost_ends [EAL options] -- KIND:SOCKET...
 *
 * Vhost-user back ends by DPDK's own library, all served by one polling thread. A KIND is
 *
 *   sink     takes what the driver sends
 *   source   the same, and fills all receive buffers that the driver adds
 *   echo     returns what the driver sends
 *
 * With "-sleeps" behind it, the thread waits for a kick whenever the driver has added nothing, as
 * long as no back end that polls is in use. For each time that a driver had its device running,
 * one line of JSON reports the traffic in each direction and the number of the driver's doorbells.
 * Ends at SIGTERM.
 */
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_vhost.h>

#define MAX_ENDS 4
#define MAX_QUEUES 8
#define BURST 32
#define PACKET_BYTES 60
#define LONGEST_SLEEP_MS 20
#define WINDOWS_PER_SECOND 4
#define MAX_WINDOWS (600 * WINDOWS_PER_SECOND)

enum direction {
	TO_DRIVER,
	FROM_DRIVER,
	DIRECTIONS,
};

enum kind {
	SINK,
	SOURCE,
	ECHO,
};

/* Virtqueues of either direction take turns, beginning with one to the driver. */
struct flow {
	uint64_t packets;
	uint64_t kicks;
	uint64_t in_earlier_windows;
	uint64_t windows[MAX_WINDOWS];
	unsigned int window_count;
};

struct end {
	const char *path;
	enum kind kind;
	bool sleeps;
	/* Held while the device is read: the library's thread removes it. */
	pthread_mutex_t lock;
	int vid; /* -1: none */
	uint16_t queues;
	int kick_fds[MAX_QUEUES];
	struct flow flows[DIRECTIONS];
};

static struct end ends[MAX_ENDS];
static unsigned int end_count;
static struct rte_mempool *pool;
static struct rte_mbuf *given[BURST];
static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	(void)number;
	is_over = 1;
}

static struct end *end_of(int vid)
{
	char path[256] = "";

	rte_vhost_get_ifname(vid, path, sizeof(path));
	for (unsigned int i = 0; i < end_count; i++)
		if (strcmp(ends[i].path, path) == 0)
			return &ends[i];
	return NULL;
}

static void want_kicks(const struct end *end, bool wanted)
{
	for (uint16_t queue = FROM_DRIVER; queue < end->queues; queue += DIRECTIONS)
		rte_vhost_enable_guest_notification(end->vid, queue, wanted);
}

/* A doorbell that is wired to a file adds one to it with each write. */
static void count_kicks(struct end *end)
{
	uint64_t kicks;

	for (uint16_t queue = 0; queue < end->queues; queue++)
		if (read(end->kick_fds[queue], &kicks, sizeof(kicks)) == sizeof(kicks))
			end->flows[queue % DIRECTIONS].kicks += kicks;
}

static int on_new_device(int vid)
{
	struct end *end = end_of(vid);

	if (end == NULL || rte_vhost_get_vring_num(vid) > MAX_QUEUES)
		return -1;
	pthread_mutex_lock(&end->lock);
	memset(end->flows, 0, sizeof(end->flows));
	end->vid = vid;
	end->queues = rte_vhost_get_vring_num(vid);
	for (uint16_t queue = 0; queue < end->queues; queue++) {
		struct rte_vhost_vring ring = {.kickfd = -1};

		rte_vhost_get_vhost_vring(vid, queue, &ring);
		end->kick_fds[queue] = dup(ring.kickfd);
		rte_vhost_enable_guest_notification(vid, queue, 0);
	}
	pthread_mutex_unlock(&end->lock);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * Packets per second: the median of the windows in which any were moved, since a program also
 * starts and ends.
 */
static uint64_t rate_of(struct flow *flow)
{
	if (flow->window_count == 0)
		return 0;
	qsort(flow->windows, flow->window_count, sizeof(flow->windows[0]), compare);
	return flow->windows[flow->window_count / 2] * WINDOWS_PER_SECOND;
}

static void report(struct end *end)
{
	static const char *const names[DIRECTIONS] = {"to_driver", "from_driver"};
	uint64_t features = 0;

	rte_vhost_get_negotiated_features(end->vid, &features);
	printf("{\"end\": %d, \"features\": %" PRIu64, (int)(end - ends), features);
	for (unsigned int i = 0; i < DIRECTIONS; i++)
		printf(", \"%s\": {\"packets\": %" PRIu64 ", \"kicks\": %" PRIu64
		       ", \"pps\": %" PRIu64 "}",
			names[i], end->flows[i].packets, end->flows[i].kicks,
			rate_of(&end->flows[i]));
	printf("}\n");
	fflush(stdout);
}

static void on_lost_device(int vid)
{
	struct end *end = end_of(vid);

	if (end == NULL)
		return;
	pthread_mutex_lock(&end->lock);
	count_kicks(end);
	report(end);
	for (uint16_t queue = 0; queue < end->queues; queue++)
		close(end->kick_fds[queue]);
	end->queues = 0;
	end->vid = -1;
	pthread_mutex_unlock(&end->lock);
}

static const struct rte_vhost_device_ops callbacks = {
	.new_device = on_new_device,
	.destroy_device = on_lost_device,
};

/* Serves a pair of queues. True if the driver had added buffers to it. */
static bool serve_pair(struct end *end, uint16_t first)
{
	struct rte_mbuf *taken[BURST];
	const uint16_t from = first + FROM_DRIVER, to = first + TO_DRIVER;
	const uint16_t n = rte_vhost_dequeue_burst(end->vid, from, pool, taken, BURST);

	end->flows[FROM_DRIVER].packets += n;
	if (end->kind == ECHO && n > 0)
		end->flows[TO_DRIVER].packets += rte_vhost_enqueue_burst(end->vid, to, taken, n);
	else if (end->kind == SOURCE)
		end->flows[TO_DRIVER].packets += rte_vhost_enqueue_burst(end->vid, to, given,
			BURST);
	rte_pktmbuf_free_bulk(taken, n);
	return n > 0;
}

static bool serve(struct end *end)
{
	bool had_some = false;

	for (uint16_t queue = 0; queue < end->queues; queue += DIRECTIONS)
		had_some = serve_pair(end, queue) || had_some;
	return had_some;
}

static void close_window(struct end *end)
{
	for (unsigned int i = 0; i < DIRECTIONS; i++) {
		struct flow *flow = &end->flows[i];

		if (flow->packets > flow->in_earlier_windows && flow->window_count < MAX_WINDOWS)
			flow->windows[flow->window_count++] = flow->packets -
				flow->in_earlier_windows;
		flow->in_earlier_windows = flow->packets;
	}
}

/*
 * Buffers may have come before the driver could know that kicks are requested. So the rings are
 * read once more.
 */
static void sleep_until_kicked(void)
{
	struct pollfd files[MAX_ENDS * MAX_QUEUES];
	bool had_some = false;
	nfds_t count = 0;

	for (unsigned int i = 0; i < end_count; i++) {
		struct end *end = &ends[i];

		pthread_mutex_lock(&end->lock);
		want_kicks(end, true);
		had_some = serve(end) || had_some;
		for (uint16_t queue = FROM_DRIVER; queue < end->queues; queue += DIRECTIONS)
			files[count++] = (struct pollfd){.fd = end->kick_fds[queue],
				.events = POLLIN};
		pthread_mutex_unlock(&end->lock);
	}
	if (!had_some)
		poll(files, count, LONGEST_SLEEP_MS);
	for (unsigned int i = 0; i < end_count; i++) {
		pthread_mutex_lock(&ends[i].lock);
		want_kicks(&ends[i], false);
		count_kicks(&ends[i]);
		pthread_mutex_unlock(&ends[i].lock);
	}
}

static void run(void)
{
	const uint64_t window = rte_get_tsc_hz() / WINDOWS_PER_SECOND;
	uint64_t next = rte_rdtsc() + window;

	while (!is_over) {
		const bool is_due = rte_rdtsc() >= next;
		bool is_awake = false;

		for (unsigned int i = 0; i < end_count; i++) {
			struct end *end = &ends[i];

			pthread_mutex_lock(&end->lock);
			is_awake = serve(end) || (end->queues > 0 && !end->sleeps) || is_awake;
			if (is_due)
				close_window(end);
			pthread_mutex_unlock(&end->lock);
		}
		next += is_due ? window : 0;
		if (!is_awake)
			sleep_until_kicked();
	}
}

static bool open_end(struct end *end, char *word)
{
	static const char *const names[] = {[SINK] = "sink", [SOURCE] = "source", [ECHO] = "echo"};
	char *path = strchr(word, ':'), *suffix = strchr(word, '-');
	unsigned int kind = 0;

	if (path == NULL)
		return false;
	*path++ = '\0';
	if (suffix != NULL && suffix < path)
		*suffix++ = '\0';
	else
		suffix = NULL;
	while (kind < RTE_DIM(names) && strcmp(names[kind], word) != 0)
		kind++;
	if (kind == RTE_DIM(names) || (suffix != NULL && strcmp(suffix, "sleeps") != 0))
		return false;
	*end = (struct end){.path = path,
		.kind = (enum kind)kind,
		.sleeps = suffix != NULL,
		.vid = -1};
	pthread_mutex_init(&end->lock, NULL);
	return rte_vhost_driver_register(path, RTE_VHOST_USER_IOMMU_SUPPORT) == 0 &&
		rte_vhost_driver_callback_register(path, &callbacks) == 0 &&
		rte_vhost_driver_start(path) == 0;
}

static bool make_packets(void)
{
	pool = rte_pktmbuf_pool_create("packets", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (pool == NULL || rte_pktmbuf_alloc_bulk(pool, given, BURST) != 0)
		return false;
	for (unsigned int i = 0; i < BURST; i++)
		memset(rte_pktmbuf_append(given[i], PACKET_BYTES), 0x02, PACKET_BYTES);
	return true;
}

int main(int argc, char **argv)
{
	const int taken = rte_eal_init(argc, argv);

	if (taken < 0 || argc - taken < 2 || argc - taken > 1 + MAX_ENDS) {
		fprintf(stderr, "usage: vhost_ends [EAL options] -- KIND:SOCKET..., %d at most\n",
			MAX_ENDS);
		return 2;
	}
	signal(SIGTERM, on_signal);
	if (!make_packets())
		return 1;
	for (int i = taken + 1; i < argc; i++) {
		if (!open_end(&ends[end_count++], argv[i])) {
			fprintf(stderr, "vhost_ends: no back end %s\n", argv[i]);
			return 1;
		}
	}
	printf("ready\n");
	fflush(stdout);
	run();
	for (unsigned int i = 0; i < end_count; i++)
		rte_vhost_driver_unregister(ends[i].path);
	return 0;
}
