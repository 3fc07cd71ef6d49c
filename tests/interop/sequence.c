/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends numbered packets to DPDK's vhost port, which returns them. Checks that each comes back
 * once, in order, with every byte intact.
 *
 * Usage: sequence [EAL options] -- COUNT QUEUES KILLS KEYS
 *
 * COUNT packets over all QUEUES queue pairs of one device, opened with KEYS ("" or
 * ",key=value..."). With KILLS 0 the back end is in this process, and both sides take turns. With
 * KILLS above 0 it is a process of its own, killed and started anew so many times in between. Then
 * packets may be missing, but only those that were on their way at the kill. Their number is known:
 * those that the back end had not taken, by our counters, and at most one burst in its hands.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <kickless/eal.h>
#include <kickless/net.h>

#include "vhost_echo.h"

#define BURST 32
#define RING 1024
/* Less than a receive ring holds at its lowest, so that the back end always finds room. */
#define WINDOW 768
#define MAX_QUEUES 8
#define WORDS 4
#define TIMEOUT_SECONDS 60
#define RECOVER_EVERY_MS 20

/* Behind the Ethernet header, which makes it unaligned. */
struct body {
	uint64_t number;
	uint64_t word[WORDS];
} __attribute__((packed));

struct flow {
	uint64_t sent;
	uint64_t due; /* the number that comes next */
	uint64_t received;
	uint64_t lost;
	uint64_t failed; /* of our counter, at the last kill */
};

static struct kl_device *device;
static struct kl_net *net;
static struct rte_mempool *pool;
static struct flow flows[MAX_QUEUES];
static uint16_t queues;
static char path[64];
static char *program;
extern char **environ;

static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	return value ^ value >> 29;
}

static uint16_t bytes_of(uint64_t number)
{
	return (uint16_t)(sizeof(struct rte_ether_hdr) + sizeof(struct body) + number % 61);
}

static void fill(struct rte_mbuf *packet, uint16_t queue, uint64_t number)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	struct body *body = (struct body *)(ether + 1);
	uint16_t bytes = bytes_of(number);

	memset(ether, (int)(number & 0xff), bytes);
	ether->ether_type = rte_cpu_to_be_16(0x88b5);
	body->number = number;
	for (unsigned int i = 0; i < WORDS; i++)
		body->word[i] = mix(number * MAX_QUEUES + queue + i);
	packet->data_len = bytes;
	packet->pkt_len = bytes;
}

static bool is_intact(struct rte_mbuf *packet, uint16_t queue, uint64_t *number)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packet, struct rte_ether_hdr *);
	const struct body *body = (const struct body *)(ether + 1);
	const uint8_t *rest = (const uint8_t *)(body + 1);

	*number = body->number;
	if (packet->nb_segs != 1 || packet->data_len != bytes_of(body->number))
		return false;
	for (unsigned int i = 0; i < WORDS; i++)
		if (body->word[i] != mix(body->number * MAX_QUEUES + queue + i))
			return false;
	for (const uint8_t *end = (const uint8_t *)ether + packet->data_len; rest < end; rest++)
		if (*rest != (uint8_t)body->number)
			return false;
	return true;
}

static void send_some(uint16_t queue, uint64_t end)
{
	struct flow *flow = &flows[queue];
	struct rte_mbuf *packets[BURST];
	uint64_t room = WINDOW - (flow->sent - flow->due);
	uint64_t left = RTE_MIN(room, end - flow->sent);
	uint16_t count = left < BURST ? (uint16_t)left : BURST, sent;

	if (count == 0 || rte_pktmbuf_alloc_bulk(pool, packets, count) != 0)
		count = 0;
	for (uint16_t i = 0; i < count; i++)
		fill(packets[i], queue, flow->sent + i);
	sent = kl_net_tx_burst(net, queue, packets, count);
	rte_pktmbuf_free_bulk(packets + sent, count - sent);
	flow->sent += sent;
}

static bool receive_some(uint16_t queue)
{
	struct flow *flow = &flows[queue];
	struct rte_mbuf *packets[BURST];
	uint16_t count = kl_net_rx_burst(net, queue, packets, BURST);

	for (uint16_t i = 0; i < count; i++, flow->due++, flow->received++) {
		uint64_t number;
		bool is_good = is_intact(packets[i], queue, &number);

		if (is_good && number == flow->due)
			continue;
		printf("queue %u: packet %" PRIu64 " where %" PRIu64 " is due, %u bytes, %s\n",
			queue, number, flow->due, packets[i]->pkt_len,
			is_good ? "intact" : "corrupt");
		return false;
	}
	rte_pktmbuf_free_bulk(packets, count);
	return true;
}

static uint64_t failed(uint16_t queue)
{
	struct kl_net_queue_stats stats;

	return kl_net_queue_stats_get(net, KL_NET_TX, queue, &stats) == 0 ? stats.queue.failed : 0;
}

/*
 * The back end has gone and our rings are new: what has not come back never will. Of those the back
 * end had not taken all that we count as failed, and the rest must have been in its hands.
 */
static bool count_losses(void)
{
	for (uint16_t queue = 0; queue < queues; queue++) {
		struct flow *flow = &flows[queue];
		uint64_t lost = flow->sent - flow->due, now = failed(queue);
		uint64_t untaken = now - flow->failed;

		printf("queue %u: %" PRIu64 " lost: %" PRIu64 " not taken by the back end, %" PRIu64
		       " in its hands\n",
			queue, lost, untaken, lost - untaken);
		if (lost < untaken || lost - untaken > ECHO_BURST)
			return false;
		flow->failed = now;
		flow->lost += lost;
		flow->due = flow->sent;
	}
	return true;
}

static pid_t start_back_end(void)
{
	char text[16];
	char *arguments[] = {program, "--no-huge", "-m", "64", "--no-pci", "--no-shconf",
		"--no-telemetry", "--log-level=error", "--", "echo", text, path, NULL};
	struct stat info;
	pid_t pid;

	unlink(path);
	snprintf(text, sizeof(text), "%u", queues);
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ) != 0)
		return -1;
	for (int i = 0; i < TIMEOUT_SECONDS * 100 && stat(path, &info) != 0; i++)
		usleep(10000);
	return pid;
}

static int be_back_end(char **arguments)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	queues = (uint16_t)atoi(arguments[0]);
	pool = rte_pktmbuf_pool_create("echo", 8191, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);
	if (pool == NULL || !echo_open(arguments[1], false, queues, pool))
		return 1;
	for (;;)
		if (!echo_step(queues))
			sched_yield();
}

static bool open_device(const char *keys)
{
	const struct kl_net_conf conf = {
		.queue_pairs = queues,
		.rx_ring_size = RING,
		.tx_ring_size = RING,
		.pool = pool,
	};
	struct kl_net_queue_info info;
	char name[256], features[512];

	snprintf(name, sizeof(name), "vhost-user:%s,type=net%s", path, keys);
	if (kl_device_open(name, &device) != 0)
		return false;
	net = kl_net_from_device(device);
	if (kl_net_start(net, &conf) != 0 || kl_net_queue_info_get(net, KL_NET_RX, 0, &info) != 0)
		return false;
	printf("ring %s, receive path %s, features %s\n", info.ring, info.path,
		kl_device_feature_names(device, &kl_device_info(device)->accepted, features,
			sizeof(features)));
	return true;
}

/* All that is on its way comes back, or is taken note of. */
static bool kill_and_restart(pid_t *pid)
{
	uint64_t deadline = rte_get_tsc_cycles() + TIMEOUT_SECONDS * rte_get_tsc_hz();
	struct kl_net_queue_stats before, after;
	int rc;

	kl_net_queue_stats_get(net, KL_NET_TX, 0, &before);
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	for (uint16_t queue = 0; queue < queues; queue++)
		for (int i = 0; i < 2 * RING / BURST; i++)
			if (!receive_some(queue))
				return false;
	rc = kl_net_recover(net);
	if (rc != -EAGAIN) {
		printf("recover without a back end: %d\n", rc);
		return false;
	}
	/* Bursts while it is away take and give nothing. */
	for (uint16_t queue = 0; queue < queues; queue++) {
		uint64_t sent = flows[queue].sent;

		send_some(queue, UINT64_MAX);
		if (flows[queue].sent != sent || !receive_some(queue))
			return false;
	}
	*pid = start_back_end();
	while ((rc = kl_net_recover(net)) == -EAGAIN && rte_get_tsc_cycles() < deadline)
		usleep(RECOVER_EVERY_MS * 1000);
	kl_net_queue_stats_get(net, KL_NET_TX, 0, &after);
	if (rc != 0 || after.resets != before.resets + 1) {
		printf("recover: %d, %" PRIu64 " resets\n", rc, after.resets);
		return false;
	}
	return count_losses();
}

static bool is_done(uint64_t end)
{
	for (uint16_t queue = 0; queue < queues; queue++)
		if (flows[queue].due < end)
			return false;
	return true;
}

static uint64_t sum_due(void)
{
	uint64_t sum = 0;

	for (uint16_t queue = 0; queue < queues; queue++)
		sum += flows[queue].due;
	return sum;
}

/* One turn of both sides; the back end's own is its process' business when there is one. */
static bool turn(uint64_t end, bool has_echo)
{
	for (uint16_t queue = 0; queue < queues; queue++)
		send_some(queue, end);
	if (has_echo)
		echo_step(queues);
	for (uint16_t queue = 0; queue < queues; queue++)
		if (!receive_some(queue))
			return false;
	return true;
}

static bool run(uint64_t end, unsigned int kills, pid_t *pid)
{
	uint64_t deadline = 0, progress = UINT64_MAX;
	unsigned int killed = 0;

	while (!is_done(end)) {
		uint64_t now = rte_get_tsc_cycles();

		if (!turn(end, kills == 0))
			return false;
		if (killed < kills && flows[0].due >= end / (kills + 1) * (killed + 1)) {
			if (!kill_and_restart(pid))
				return false;
			killed++;
		}
		if (sum_due() != progress) {
			progress = sum_due();
			deadline = now + TIMEOUT_SECONDS * rte_get_tsc_hz();
		} else if (now < deadline) {
			sched_yield();
		} else {
			printf("nothing moves after %" PRIu64 " packets\n", progress);
			return false;
		}
	}
	return true;
}

static bool report(uint64_t end)
{
	bool is_good = true;

	for (uint16_t queue = 0; queue < queues; queue++)
		kl_net_tx_kick(net, queue);
	kl_net_stop(net);
	for (uint16_t queue = 0; queue < queues; queue++) {
		const struct flow *flow = &flows[queue];
		struct kl_net_queue_stats rx, tx;

		kl_net_queue_stats_get(net, KL_NET_RX, queue, &rx);
		kl_net_queue_stats_get(net, KL_NET_TX, queue, &tx);
		printf("queue %u: sent %" PRIu64 " received %" PRIu64 " lost %" PRIu64
		       "; tx failed %" PRIu64 " resets %" PRIu64 " bad used %" PRIu64
		       " watchdog %" PRIu64 " kicks %" PRIu64 "\n",
			queue, flow->sent, flow->received, flow->lost, tx.queue.failed, tx.resets,
			rx.queue.bad_used + tx.queue.bad_used,
			rx.queue.watchdog_kicks + tx.queue.watchdog_kicks,
			rx.queue.kicks_sent + tx.queue.kicks_sent);
		is_good = is_good && flow->sent == end && flow->received + flow->lost == end &&
			rx.packets == flow->received && tx.packets == flow->sent &&
			rx.queue.bad_used + tx.queue.bad_used == 0 && rx.errors + tx.errors == 0 &&
			rx.queue.watchdog_kicks + tx.queue.watchdog_kicks == 0 &&
			tx.queue.posted == tx.queue.done + tx.queue.failed;
	}
	kl_device_close(device);
	return is_good;
}

int main(int argc, char **argv)
{
	int taken = kl_eal_init(argc, argv);
	char folder[] = "/tmp/kickless-XXXXXX";
	unsigned int kills;
	bool is_good, is_client;
	uint64_t end;
	pid_t pid = -1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (taken < 0 || argc - taken < 4)
		return 2;
	program = argv[0];
	argv += taken + 1;
	if (strcmp(argv[0], "echo") == 0)
		_exit(be_back_end(argv + 1));
	queues = (uint16_t)atoi(argv[1]);
	kills = (unsigned int)atoi(argv[2]);
	if (queues < 1 || queues > MAX_QUEUES || argc - taken != 5 || mkdtemp(folder) == NULL)
		return 2;
	end = strtoull(argv[0], NULL, 10) / queues;
	is_client = strstr(argv[3], "server=1") != NULL;
	snprintf(path, sizeof(path), "%s/socket", folder);
	pool = rte_pktmbuf_pool_create("packets", 16383, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
		SOCKET_ID_ANY);
	if (kills == 0)
		is_good = pool != NULL && echo_open(path, is_client, queues, pool);
	else
		is_good = pool != NULL && (pid = start_back_end()) > 0;
	is_good = is_good && open_device(argv[3]) && run(end, kills, &pid);
	if (device != NULL)
		is_good = report(end) && is_good;
	if (pid > 0)
		kill(pid, SIGKILL);
	unlink(path);
	rmdir(folder);
	/* DPDK's own clean-up ends badly with a vhost port. */
	fflush(stdout);
	_exit(is_good ? 0 : 1);
}
