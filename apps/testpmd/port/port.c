/* SPDX-License-Identifier: BSD-3-Clause */
#include "port.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_lcore.h>

#include <kickless/device.h>
#include <kickless/net_control.h>

#include "common/message.h"
#include "tap_header.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void ports_lock(void)
{
	pthread_mutex_lock(&lock);
}

void ports_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

static int refuse_device(const struct port *port)
{
	const struct kl_device_info *info = kl_device_info(port->device);
	const bool is_disk = strcmp(info->driver, "blk") == 0;

	print_error("port %u: %s is a device of type %s (virtio type %u), not a network device%s",
		port->number, info->name, info->driver, info->type,
		is_disk ? "; use kickless-blk" : "");
	return -ENOTSUP;
}

static bool has_feature(const struct port *port, const struct kl_features *features,
	const char *feature)
{
	char names[1536];
	char *rest;

	kl_device_feature_names(port->device, features, names, sizeof(names));
	for (const char *word = strtok_r(names, " ", &rest); word != NULL;
		word = strtok_r(NULL, " ", &rest))
		if (strcmp(word, feature) == 0)
			return true;
	return false;
}

bool port_may_have(const struct port *port, const char *feature)
{
	return has_feature(port, &kl_device_info(port->device)->offered, feature) &&
		!has_feature(port, &kl_device_options(port->device)->declined, feature);
}

bool port_has(const struct port *port, const char *feature)
{
	return has_feature(port, &kl_device_info(port->device)->accepted, feature);
}

/*
 * As in testpmd, until a command changes it. A device without such modes passes all packets anyway.
 */
static void set_promiscuous(struct port *port)
{
	const struct kl_features *offered = &kl_device_info(port->device)->offered;
	const char *missing = !port_may_have(port, "CTRL_VQ") ? "CTRL_VQ" : "CTRL_RX";

	if (!kl_device_has_control_queues(port->device) || !has_feature(port, offered, "CTRL_RX"))
		return;
	if (port_may_have(port, missing))
		kl_net_rx_mode_set(port->net, KL_NET_PROMISCUOUS, true);
	else if (has_feature(port, offered, missing))
		print_warning(
			"port %u: promiscuous mode needs %s, which features= declines; remove "
			"-%s there, or %s decides which packets it passes",
			port->number, missing, missing, port_name(port));
	else
		print_warning("port %u: promiscuous mode needs %s, which %s does not offer; the "
			      "device decides which packets it passes",
			port->number, missing, port_name(port));
}

/* The name that the device is opened by: the user's keys have precedence over --isolate. */
static void add_isolation(const struct port *port, char *name, size_t size)
{
	static const char *const keys[] = {
		[KL_ISOLATE_NO] = "",
		[KL_ISOLATE_YES] = ",isolate=1",
		[KL_ISOLATE_AUTO] = ",isolate=auto",
	};

	snprintf(name, size, "%s%s", port->spec,
		strstr(port->spec, ",isolate=") == NULL ? keys[port->isolate] : "");
}

int port_open(struct port *port, uint16_t number, const char *spec)
{
	char name[sizeof(port->spec) + 16];
	struct kl_device *device;
	int rc;

	if (strlen(spec) >= sizeof(port->spec)) {
		print_error("port %u: the device's name is longer than %zu characters", number,
			sizeof(port->spec) - 1);
		return -EINVAL;
	}
	if (spec != port->spec)
		strcpy(port->spec, spec);
	port->number = number;
	add_isolation(port, name, sizeof(name));
	rc = kl_device_open_typed(name, "net", &device);
	if (rc != 0) {
		print_error("port %u: can't open '%s': %s", number, spec, strerror(-rc));
		return rc;
	}
	ports_lock();
	port->device = device;
	port->net = kl_net_from_device(device);
	ports_unlock();
	if (port->net == NULL) {
		rc = refuse_device(port);
		port_close(port);
		return rc;
	}
	set_promiscuous(port);
	return 0;
}

bool port_is_open(const struct port *port)
{
	return port->device != NULL;
}

bool port_is_started(const struct port *port)
{
	enum kl_device_state state;

	if (!port_is_open(port))
		return false;
	state = kl_net_state(port->net);
	return state != KL_DEVICE_STOPPED && state != KL_DEVICE_LOST;
}

bool port_is_lost(const struct port *port)
{
	return port->keeps_mbufs ||
		(port_is_open(port) && kl_net_state(port->net) == KL_DEVICE_LOST);
}

const char *port_access(const struct port *port)
{
	const char *access = kl_device_info(port->device)->access;

	return access != NULL && access[0] != '\0' ? access : "unknown";
}

bool port_is_isolated(const struct port *port)
{
	return kl_device_info(port->device)->is_isolated;
}

const char *port_name(const struct port *port)
{
	return kl_device_info(port->device)->name;
}

int port_node(const struct port *port)
{
	const int node = kl_device_info(port->device)->numa_node;

	return node >= 0 ? node : (int)rte_socket_id();
}

bool port_link_is_up(const struct port *port)
{
	return kl_net_info(port->net)->link_up && !port->link_held;
}

/* The default: IP packets are distributed over all queues, where the device can do it. */
static int set_rss(struct port *port)
{
	const struct kl_net_info *info = kl_net_info(port->net);
	struct kl_net_rss rss = {.types = port->rss_types & info->rss_types};

	if (port->conf.queue_pairs == 1 || info->rss_table_max == 0 || rss.types == 0)
		return 0;
	return kl_net_rss_get(port->net, &rss) == 0 ? 0 : kl_net_rss_set(port->net, &rss);
}

/* The configuration with what single queues have instead, or beside it. */
static struct kl_net_conf complete_conf(const struct port *port)
{
	struct kl_net_conf conf = port->conf;

	conf.rx_ring_sizes = port->rx_ring_sizes;
	conf.tx_ring_sizes = port->tx_ring_sizes;
	for (uint16_t i = 0; i < conf.queue_pairs; i++)
		conf.tx_offloads |= port->tx_queue_offloads[i];
	return conf;
}

/* Holds the queues that are to be started by themselves. */
static void defer_queues(struct port *port)
{
	memset(port->rx_held, 0, sizeof(port->rx_held));
	memset(port->tx_held, 0, sizeof(port->tx_held));
	for (uint16_t i = 0; i < port->conf.queue_pairs; i++) {
		if (port->rx_deferred[i])
			port_stop_queue(port, KL_NET_RX, i, true);
		if (port->tx_deferred[i])
			port_stop_queue(port, KL_NET_TX, i, true);
	}
}

int port_start(struct port *port)
{
	struct kl_net_conf conf;
	const uint8_t *mac;
	int rc;

	printf("Configuring Port %u (socket %d)\n", port->number, port_node(port));
	fflush(stdout);
	ports_lock();
	rc = set_rss(port);
	conf = complete_conf(port);
	if (rc == 0)
		rc = kl_net_start(port->net, &conf);
	ports_unlock();
	if (rc != 0) {
		print_error("port %u: can't start %s: %s", port->number, port_name(port),
			strerror(-rc));
		return rc;
	}
	rc = port_configure_tap(port);
	if (rc != 0) {
		port_stop(port);
		return rc;
	}
	port->fault_reported = false;
	port->reset_reported = false;
	defer_queues(port);
	port->link_up = kl_net_info(port->net)->link_up;
	mac = kl_net_info(port->net)->mac;
	printf("Port %u: %02X:%02X:%02X:%02X:%02X:%02X\n", port->number, mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	printf("Port %u: reached by %s%s\n", port->number, port_access(port),
		port_is_isolated(port) ? ", isolated" : "");
	return 0;
}

int port_stop(struct port *port)
{
	int rc;

	ports_lock();
	rc = kl_net_stop(port->net);
	ports_unlock();
	if (rc != 0)
		print_error("port %u: can't stop %s: %s", port->number, port_name(port),
			strerror(-rc));
	return rc;
}

int port_stop_queue(struct port *port, enum kl_net_direction direction, uint16_t queue, bool stops)
{
	bool *held = direction == KL_NET_TX ? port->tx_held : port->rx_held;
	int rc;

	if (!port_has(port, "RING_RESET")) {
		if (stops && !held[queue])
			print_reply(
				"port %u: %s has no RING_RESET, so forwarding leaves the queue alone "
				"and the device keeps it",
				port->number, port_name(port));
		held[queue] = stops;
		return 0;
	}
	ports_lock();
	rc = stops ? kl_net_queue_stop(port->net, direction, queue) :
		     kl_net_queue_start(port->net, direction, queue);
	ports_unlock();
	if (rc != 0)
		print_error("port %u: can't %s %s queue %u: %s", port->number,
			stops ? "stop" : "start", direction == KL_NET_TX ? "TX" : "RX", queue,
			strerror(-rc));
	return rc;
}

bool port_set_tx_offload(struct port *port, uint64_t offload, bool on)
{
	if (on && (kl_net_info(port->net)->tx_offloads & offload) != offload)
		return false;
	if (on)
		port->conf.tx_offloads |= offload;
	else
		port->conf.tx_offloads &= ~offload;
	return true;
}

int port_set_rx_offload(struct port *port, uint64_t offload, bool on)
{
	const uint64_t others = kl_net_rx_offloads(port->net) & ~offload;
	int rc = 0;

	if (on && (kl_net_info(port->net)->rx_offloads & offload) == 0)
		return -ENOTSUP;
	if (port_is_started(port))
		rc = kl_net_rx_offloads_set(port->net, others | (on ? offload : 0));
	if (rc != 0)
		return rc;
	port->conf.rx_offloads = (port->conf.rx_offloads & ~offload) | (on ? offload : 0);
	if (!on && (offload & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) != 0)
		memset(port->strips_vlan, 0, sizeof(port->strips_vlan));
	return 0;
}

void port_close(struct port *port)
{
	if (!port_is_open(port))
		return;
	if (port_is_started(port))
		port_stop(port);
	ports_lock();
	port->keeps_mbufs |= port_is_lost(port);
	kl_device_close(port->device);
	port->device = NULL;
	port->net = NULL;
	ports_unlock();
}

static void report_link(struct port *port)
{
	const struct kl_net_info *info = kl_net_info(port->net);
	char speed[32];

	if (info->link_up == port->link_up)
		return;
	port->link_up = info->link_up;
	printf("\nPort %u: link state change event\n", port->number);
	if (tap_is_open(&port->tap))
		tap_set_carrier(&port->tap, info->link_up);
	if (info->link_up)
		printf("Port %u Link up at %s %s\n", port->number,
			port_speed(port, speed, sizeof(speed)), info->full_duplex ? "FDX" : "HDX");
	else
		printf("Port %u Link down\n", port->number);
	fflush(stdout);
}

bool port_handle_event(struct port *port)
{
	ports_lock();
	kl_device_event_handle(port->device);
	ports_unlock();
	return port_recover(port);
}

bool port_recover(struct port *port)
{
	int rc;

	ports_lock();
	rc = kl_net_recover(port->net);
	ports_unlock();
	report_link(port);
	if (rc == 0 || rc == -EAGAIN)
		return true;
	if (!port->reset_reported)
		print_error("port %u: %s does not come back: %s; stop and start the port",
			port->number, port_name(port), strerror(-rc));
	port->reset_reported = true;
	return false;
}

static enum kl_queue_fault first_fault(const struct port *port, const char **direction,
	uint16_t *queue)
{
	static const char *const words[] = {[KL_NET_RX] = "receive", [KL_NET_TX] = "transmit"};
	struct kl_net_queue_info info;

	for (int way = KL_NET_RX; way <= KL_NET_TX; way++) {
		for (*queue = 0; *queue < port->conf.queue_pairs; ++*queue) {
			*direction = words[way];
			if (kl_net_queue_info_get(port->net, way, *queue, &info) == 0 &&
				info.fault != KL_QUEUE_OK)
				return info.fault;
		}
	}
	return KL_QUEUE_OK;
}

bool port_check_queues(struct port *port)
{
	const char *direction;
	uint16_t queue;
	enum kl_queue_fault fault;

	if (!port_is_started(port))
		return false;
	fault = first_fault(port, &direction, &queue);
	if (fault == KL_QUEUE_OK)
		return false;
	if (!port->fault_reported)
		print_error(
			"port %u: %s queue %u of %s is stopped: the device violated the specification: %s; "
			"stop and start the port",
			port->number, direction, queue, port_name(port),
			kl_queue_fault_name(fault));
	port->fault_reported = true;
	return true;
}

const char *port_speed(const struct port *port, char *text, size_t size)
{
	const uint32_t mbps = kl_net_info(port->net)->speed_mbps;

	if (mbps == KL_NET_SPEED_UNKNOWN)
		snprintf(text, size, "Unknown");
	else if (mbps >= 1000)
		snprintf(text, size, "%.4g Gbps", mbps / 1000.0);
	else
		snprintf(text, size, "%" PRIu32 " Mbps", mbps);
	return text;
}

/* Offloads that the kernel's TAP always supports. */
#define TX_OFFLOADS (RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
#define RX_OFFLOADS (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)

/* True when a started device may deliver coalesced UDP packets, which only newer kernels accept. */
static bool may_receive_uso(const struct port *port)
{
	return port_may_have(port, "GUEST_USO4") || port_may_have(port, "GUEST_USO6");
}

int port_join_tap(struct port *port, const char *spec)
{
	const struct kl_net_info *info = kl_net_info(port->net);
	struct kl_net_conf *conf = &port->conf;
	int rc;

	if (tap_is_open(&port->tap)) {
		print_error("port %u: %s: the port is joined to tap:%s already", port->number, spec,
			port->tap.name);
		return -EINVAL;
	}
	rc = tap_open(&port->tap, spec);
	if (rc != 0)
		return rc;
	conf->tx_offloads |= info->tx_offloads & (TX_OFFLOADS | RTE_ETH_TX_OFFLOAD_TCP_TSO);
	if (port->tap.has_uso && port_may_have(port, "HOST_USO"))
		conf->tx_offloads |= RTE_ETH_TX_OFFLOAD_UDP_TSO;
	conf->rx_offloads |= info->rx_offloads & RX_OFFLOADS;
	if (port->tap.has_uso || !may_receive_uso(port))
		conf->rx_offloads |= info->rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO;
	else
		print_warning(
			"port %u: this kernel's TAP does not accept coalesced UDP packets, so LRO is off; "
			"features=-GUEST_USO4/-GUEST_USO6 enables it for TCP",
			port->number);
	return 0;
}

int port_configure_tap(struct port *port)
{
	const struct kl_net_info *info = kl_net_info(port->net);
	int rc;

	if (!tap_is_open(&port->tap))
		return 0;
	port->tap.joined_udp = port_has(port, "GUEST_USO4") || port_has(port, "GUEST_USO6") ?
		TAP_GSO_UDP_L4 :
		VIRTIO_NET_HDR_GSO_UDP;
	rc = tap_configure(&port->tap, info->mac, info->mtu, kl_net_tx_offloads(port->net),
		rte_pktmbuf_data_room_size(port->pool) - RTE_PKTMBUF_HEADROOM);
	tap_set_carrier(&port->tap, info->link_up);
	return rc;
}

void port_close_tap(struct port *port)
{
	if (tap_is_open(&port->tap))
		tap_close(&port->tap);
}
