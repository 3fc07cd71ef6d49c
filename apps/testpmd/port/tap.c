/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <rte_ethdev.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/message.h"
#include "tap_header.h"

/* Of if_tun.h since Linux 6.2: UDP segmentation offload. */
#define USO_FLAGS (0x20 | 0x40)

bool tap_is_named(const char *spec)
{
	return strncmp(spec, TAP_PREFIX, strlen(TAP_PREFIX)) == 0;
}

static const char *remedy_text(int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "; there is no /dev/net/tun: load the module tun";
	case EACCES:
	case EPERM:
		return "; CAP_NET_ADMIN is needed, or an interface that belongs to this user: "
		       "ip tuntap add dev NAME mode tap user USER";
	case EBUSY:
		return "; another program has it open, or it is not a TAP interface";
	case EINVAL:
		return "; an interface of another kind has that name; mode tap with one queue is needed";
	}
	return "";
}

static int check_name(const char *name)
{
	const size_t length = strlen(name);

	if (length > 0 && length < IFNAMSIZ && strpbrk(name, "/:, %") == NULL)
		return 0;
	print_error("tap:%s: allowed: a name of 1 to %d characters, without any of '/:, %%'", name,
		IFNAMSIZ - 1);
	return -EINVAL;
}

/* The answer to TUNSETOFFLOAD shows whether the kernel has USO. */
static int attach_interface(struct tap *tap, struct ifreq *request)
{
	const int header_bytes = sizeof(struct virtio_net_hdr);

	tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0 || ioctl(tap->fd, TUNSETIFF, request) != 0 ||
		ioctl(tap->fd, TUNSETVNETHDRSZ, &header_bytes) != 0)
		return -errno;
	tap->has_uso = ioctl(tap->fd, TUNSETOFFLOAD, TUN_F_CSUM | USO_FLAGS) == 0;
	return 0;
}

int tap_open(struct tap *tap, const char *spec)
{
	const char *name = spec + strlen(TAP_PREFIX);
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int rc = check_name(name);

	if (rc != 0)
		return rc;
	*tap = (struct tap){.fd = -1, .joined_udp = TAP_GSO_UDP_L4};
	strcpy(tap->name, name);
	strcpy(request.ifr_name, name);
	rc = attach_interface(tap, &request);
	if (rc != 0) {
		print_error("%s: can't make or open the interface: %s%s", spec, strerror(-rc),
			remedy_text(-rc));
		tap_close(tap);
		return rc;
	}
	return 0;
}

bool tap_is_open(const struct tap *tap)
{
	return tap->name[0] != '\0';
}

void tap_close(struct tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	tap->fd = -1;
	tap->name[0] = '\0';
}

void tap_free_spares(struct tap *tap)
{
	rte_pktmbuf_free_bulk(tap->spare, tap->spares);
	tap->spares = 0;
}

static unsigned int offload_flags(const struct tap *tap, uint64_t tx_offloads, bool cuts)
{
	const uint64_t sums = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	unsigned int flags = TUN_F_CSUM;

	if ((tx_offloads & sums) != sums)
		return 0;
	if (cuts && (tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO) != 0)
		flags |= TUN_F_TSO4 | TUN_F_TSO6;
	if (cuts && (tx_offloads & RTE_ETH_TX_OFFLOAD_UDP_TSO) != 0 && tap->has_uso)
		flags |= USO_FLAGS;
	return flags;
}

static int set_mtu(const struct tap *tap, uint16_t mtu)
{
	const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_mtu = mtu};
	int rc;

	if (socket_fd < 0)
		return -errno;
	strcpy(request.ifr_name, tap->name);
	rc = ioctl(socket_fd, SIOCSIFMTU, &request) == 0 ? 0 : -errno;
	close(socket_fd);
	/* The interface may have been moved to another network namespace. */
	return rc == -ENODEV ? 0 : rc;
}

int tap_configure(struct tap *tap, const uint8_t *mac, uint16_t mtu, uint64_t tx_offloads,
	uint32_t buffer_bytes)
{
	/* A packet for segmentation has up to 64 KiB and a header. */
	const bool cuts = buffer_bytes * (TAP_SEGMENTS - 1) > UINT16_MAX;
	const unsigned int flags = offload_flags(tap, tx_offloads, cuts);
	struct ifreq request = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};
	int rc = 0;

	memcpy(request.ifr_hwaddr.sa_data, mac, ETH_ALEN);
	if (ioctl(tap->fd, SIOCSIFHWADDR, &request) != 0 ||
		ioctl(tap->fd, TUNSETOFFLOAD, flags) != 0)
		rc = -errno;
	if (rc == 0)
		rc = set_mtu(tap, mtu);
	if (rc != 0)
		print_error("tap:%s: can't set the device's address, MTU and offloads: %s",
			tap->name, strerror(-rc));
	return rc;
}

void tap_set_carrier(const struct tap *tap, bool is_up)
{
	const int carrier = is_up;

	/* An error is harmless: the interface only seems to be up. */
	(void)ioctl(tap->fd, TUNSETCARRIER, &carrier);
}

static bool fill_spares(struct tap *tap, struct rte_mempool *pool)
{
	const uint16_t missing = TAP_SEGMENTS - tap->spares;

	if (missing > 0 && rte_pktmbuf_alloc_bulk(pool, tap->spare + tap->spares, missing) != 0)
		return false;
	tap->spares = TAP_SEGMENTS;
	return true;
}

/* Makes a packet of the first spare buffers, which hold its bytes. */
static struct rte_mbuf *take_packet(struct tap *tap, uint32_t bytes)
{
	struct rte_mbuf *packet = tap->spare[0];
	struct rte_mbuf *last = NULL;
	uint16_t used = 0;

	packet->pkt_len = bytes;
	do {
		struct rte_mbuf *segment = tap->spare[used++];

		segment->data_len = RTE_MIN(bytes, rte_pktmbuf_tailroom(segment));
		bytes -= segment->data_len;
		if (last != NULL)
			last->next = segment;
		last = segment;
	} while (bytes > 0);
	packet->nb_segs = used;
	tap->spares -= used;
	memmove(tap->spare, tap->spare + used, tap->spares * sizeof(tap->spare[0]));
	return packet;
}

static void count_error(struct tap *tap)
{
	__atomic_fetch_add(&tap->errors, 1, __ATOMIC_RELAXED);
}

/*
 * Reads a packet into the spare buffers. Returns its bytes without the header; -1 when there is
 * none; 0 when it was longer than the buffers.
 */
static ssize_t read_packet(struct tap *tap, struct virtio_net_hdr *header)
{
	struct iovec vectors[1 + TAP_SEGMENTS];
	ssize_t room = 0;
	ssize_t bytes;

	vectors[0] = (struct iovec){header, sizeof(*header)};
	for (uint16_t i = 0; i < TAP_SEGMENTS; i++) {
		vectors[1 + i] = (struct iovec){rte_pktmbuf_mtod(tap->spare[i], void *),
			rte_pktmbuf_tailroom(tap->spare[i])};
		room += vectors[1 + i].iov_len;
	}
	bytes = readv(tap->fd, vectors, 1 + TAP_SEGMENTS) - (ssize_t)sizeof(*header);
	if (bytes <= 0)
		return -1;
	/* readv() truncates a longer packet without an error. */
	return bytes < room ? bytes : 0;
}

/* Receives a packet. Returns false when there is none. *packet is NULL when it was dropped. */
static bool receive_packet(struct tap *tap, struct rte_mempool *pool, struct rte_mbuf **packet)
{
	struct virtio_net_hdr header;
	const ssize_t bytes = fill_spares(tap, pool) ? read_packet(tap, &header) : -1;

	*packet = NULL;
	if (bytes < 0)
		return false;
	if (bytes > 0)
		*packet = take_packet(tap, bytes);
	if (*packet != NULL && tap_header_read(&header, *packet))
		return true;
	count_error(tap);
	rte_pktmbuf_free(*packet);
	*packet = NULL;
	return true;
}

uint16_t tap_receive(struct tap *tap, struct rte_mempool *pool, struct rte_mbuf **packets,
	uint16_t count)
{
	uint16_t n = 0;

	for (uint16_t tries = 0; tries < count && receive_packet(tap, pool, &packets[n]); tries++)
		n += packets[n] != NULL;
	return n;
}

/*
 * Sends a packet to the kernel; one that is too long, or sent while the interface is down, is lost.
 */
static void send_packet(struct tap *tap, struct rte_mbuf *packet)
{
	struct iovec vectors[1 + TAP_SEGMENTS];
	struct virtio_net_hdr header;
	int count = 0;

	tap_header_write(packet, tap->joined_udp, &header);
	vectors[count++] = (struct iovec){&header, sizeof(header)};
	for (struct rte_mbuf *segment = packet; segment != NULL && count <= TAP_SEGMENTS;
		segment = segment->next)
		vectors[count++] = (struct iovec){rte_pktmbuf_mtod(segment, void *),
			segment->data_len};
	if (packet->nb_segs > TAP_SEGMENTS || writev(tap->fd, vectors, count) < 0)
		count_error(tap);
	rte_pktmbuf_free(packet);
}

uint16_t tap_send(struct tap *tap, struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++)
		send_packet(tap, packets[i]);
	return count;
}
