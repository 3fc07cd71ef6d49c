/* SPDX-License-Identifier: BSD-3-Clause */
#include "telemetry.h"

#include <errno.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_telemetry.h>

#include <kickless/device.h>
#include <kickless/text.h>

#include "common/number.h"
#include "port/ports.h"

#define NAMES_BYTES 1536

/* Callbacks of rte_telemetry have no context argument. */
static const struct ports *watched;

/* Writes the answer of an endpoint for one port. */
typedef void write_fn(const struct port *port, struct rte_tel_data *data);

static int write_port(const char *parameters, struct rte_tel_data *data, write_fn *writer)
{
	uint64_t number;
	int rc = -EINVAL;

	if (parameters == NULL || number_parse(parameters, '\0', &number, NULL) != 0)
		return -EINVAL;
	ports_lock();
	if (number < watched->count && port_is_open(&watched->at[number])) {
		rte_tel_data_start_dict(data);
		writer(&watched->at[number], data);
		rc = 0;
	}
	ports_unlock();
	return rc;
}

static void write_totals(const struct port *port, struct rte_tel_data *data)
{
	struct port_counters counters;
	struct port_totals totals;

	counters_read(port->net, port->conf.queue_pairs, &counters);
	totals = counters_total(&counters);
	rte_tel_data_add_dict_u64(data, "rx_packets", totals.rx_packets);
	rte_tel_data_add_dict_u64(data, "rx_bytes", totals.rx_bytes);
	rte_tel_data_add_dict_u64(data, "rx_errors", totals.rx_errors);
	rte_tel_data_add_dict_u64(data, "rx_nombuf", totals.rx_nombuf);
	rte_tel_data_add_dict_u64(data, "tx_packets", totals.tx_packets);
	rte_tel_data_add_dict_u64(data, "tx_bytes", totals.tx_bytes);
	rte_tel_data_add_dict_u64(data, "tx_errors", totals.tx_errors);
}

static void write_identity(const struct port *port, struct rte_tel_data *data)
{
	const struct kl_net_info *net = kl_net_info(port->net);
	char mac[RTE_ETHER_ADDR_FMT_SIZE], name[RTE_TEL_MAX_STRING_LEN];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", net->mac[0], net->mac[1],
		net->mac[2], net->mac[3], net->mac[4], net->mac[5]);
	kl_text_escape(port_name(port), strlen(port_name(port)), "", name, sizeof(name));
	rte_tel_data_add_dict_string(data, "device", name);
	rte_tel_data_add_dict_string(data, "transport", kl_device_info(port->device)->transport);
	rte_tel_data_add_dict_string(data, "state", port_is_started(port) ? "started" : "stopped");
	rte_tel_data_add_dict_string(data, "link", net->link_up ? "up" : "down");
	rte_tel_data_add_dict_string(data, "mac", mac);
	rte_tel_data_add_dict_u64(data, "mtu", net->mtu);
	rte_tel_data_add_dict_u64(data, "queue_pairs",
		port_is_started(port) ? port->conf.queue_pairs : 0);
	write_totals(port, data);
}

/* One dictionary per queue, named rx0, tx0 and so on. */
static void write_each_queue(const struct port *port, struct rte_tel_data *data,
	void (*writer)(const struct kl_net_queue_stats *stats, struct rte_tel_data *data))
{
	static const char *const words[] = {[KL_NET_RX] = "rx", [KL_NET_TX] = "tx"};

	for (int direction = KL_NET_RX; direction <= KL_NET_TX; direction++) {
		for (uint16_t i = 0; i < port->conf.queue_pairs; i++) {
			struct rte_tel_data *queue = rte_tel_data_alloc();
			struct kl_net_queue_stats stats = {0};
			char name[16];

			if (queue == NULL)
				return;
			kl_net_queue_stats_get(port->net, direction, i, &stats);
			snprintf(name, sizeof(name), "%s%u", words[direction], i);
			rte_tel_data_start_dict(queue);
			writer(&stats, queue);
			rte_tel_data_add_dict_container(data, name, queue, 0);
		}
	}
}

static void write_counters(const struct kl_net_queue_stats *stats, struct rte_tel_data *data)
{
	for (const struct counter_field *field = counter_fields; field->name != NULL; field++)
		rte_tel_data_add_dict_u64(data, field->name, counter_value(stats, field));
}

static void write_queues(const struct port *port, struct rte_tel_data *data)
{
	write_each_queue(port, data, write_counters);
}

static void write_kick_counters(const struct kl_net_queue_stats *stats, struct rte_tel_data *data)
{
	rte_tel_data_add_dict_u64(data, "packets", stats->packets);
	rte_tel_data_add_dict_u64(data, "sent", stats->queue.kicks_sent);
	rte_tel_data_add_dict_u64(data, "suppressed", stats->queue.kicks_suppressed);
	rte_tel_data_add_dict_u64(data, "spared", stats->queue.kicks_spared);
	rte_tel_data_add_dict_u64(data, "watchdog", stats->queue.watchdog_kicks);
}

static void write_kicks(const struct port *port, struct rte_tel_data *data)
{
	write_each_queue(port, data, write_kick_counters);
}

static void write_names(const struct port *port, const struct kl_features *set, const char *name,
	struct rte_tel_data *data)
{
	struct rte_tel_data *list = rte_tel_data_alloc();
	char names[NAMES_BYTES];
	char *rest;

	if (list == NULL)
		return;
	rte_tel_data_start_array(list, RTE_TEL_STRING_VAL);
	kl_device_feature_names(port->device, set, names, sizeof(names));
	for (const char *word = strtok_r(names, " ", &rest); word != NULL;
		word = strtok_r(NULL, " ", &rest))
		rte_tel_data_add_array_string(list, word);
	rte_tel_data_add_dict_container(data, name, list, 0);
}

static void write_features(const struct port *port, struct rte_tel_data *data)
{
	const struct kl_device_info *info = kl_device_info(port->device);

	write_names(port, &info->offered, "offered", data);
	write_names(port, &info->accepted, "accepted", data);
}

static int handle_ports(const char *command, const char *parameters, struct rte_tel_data *data)
{
	(void)command;
	(void)parameters;
	rte_tel_data_start_array(data, RTE_TEL_INT_VAL);
	ports_lock();
	for (uint16_t i = 0; i < watched->count; i++)
		if (port_is_open(&watched->at[i]))
			rte_tel_data_add_array_int(data, i);
	ports_unlock();
	return 0;
}

static int handle_port(const char *command, const char *parameters, struct rte_tel_data *data)
{
	static const struct {
		const char *command;
		write_fn *writer;
	} endpoints[] = {
		{"/kickless/port", write_identity},
		{"/kickless/queues", write_queues},
		{"/kickless/kicks", write_kicks},
		{"/kickless/features", write_features},
	};

	for (size_t i = 0; i < RTE_DIM(endpoints); i++)
		if (strcmp(command, endpoints[i].command) == 0)
			return write_port(parameters, data, endpoints[i].writer);
	return -ENOENT;
}

void telemetry_register(const struct ports *ports)
{
	watched = ports;
	rte_telemetry_register_cmd("/kickless/ports", handle_ports, "Lists the open ports.");
	rte_telemetry_register_cmd("/kickless/port", handle_port,
		"Device, state and totals of a port. Parameters: int port");
	rte_telemetry_register_cmd("/kickless/queues", handle_port,
		"All counters of a port's queues. Parameters: int port");
	rte_telemetry_register_cmd("/kickless/kicks", handle_port,
		"Kicks sent, suppressed and spared by a port's queues. Parameters: int port");
	rte_telemetry_register_cmd("/kickless/features", handle_port,
		"Features that a port's device offers, and those accepted. Parameters: int port");
}
