/**
 * Numbers of the kernel's interface for HCI sockets (`net/bluetooth/hci_sock.h` and its like), the
 * same on x86-64 and ARM64.
 *
 * @module
 */
export const AF_BLUETOOTH = 31;
/** SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC. */
export const SOCKET_TYPE = 3 | 0o4000 | 0o2000000;
export const BTPROTO_HCI = 1;

export const HCI_CHANNEL_RAW = 0;
export const HCI_CHANNEL_USER = 1;
export const HCI_CHANNEL_CONTROL = 3;
export const HCI_DEV_NONE = 0xffff;

export const HCIDEVUP = 0x400448c9;
export const HCIDEVDOWN = 0x400448ca;
export const HCIGETDEVLIST = 0x800448d2;
export const HCIGETDEVINFO = 0x800448d3;

export const SOL_HCI = 0;
export const HCI_FILTER = 2;

export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_RCVBUFFORCE = 33;
export const SO_MEMINFO = 55;

export const POLLIN = 0x01;
/** POLLERR | POLLHUP | POLLNVAL. */
export const POLL_TROUBLE = 0x38;

/** O_RDONLY | O_NONBLOCK | O_CLOEXEC, and EFD_NONBLOCK | EFD_CLOEXEC. */
export const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
