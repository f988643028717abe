/**
 * Numbers of the Host Controller Interface that this program uses.
 *
 * @see Bluetooth Core Specification 5.4, Vol 4, Part E, 7 (commands and events)
 * @module
 */

/** H4 packet types (Vol 4, Part A, 2). */
export const PACKET_COMMAND = 0x01;
/** ACL data packet. */
export const PACKET_ACL_DATA = 0x02;
/** Synchronous (SCO) data packet. */
export const PACKET_SYNCHRONOUS_DATA = 0x03;
/** Event packet. */
export const PACKET_EVENT = 0x04;
/** Isochronous data packet. */
export const PACKET_ISO_DATA = 0x05;

/** HCI_Command_Complete (7.7.14). */
export const EVENT_COMMAND_COMPLETE = 0x0e;
/** HCI_Command_Status (7.7.15). */
export const EVENT_COMMAND_STATUS = 0x0f;
/** HCI_Hardware_Error (7.7.16). */
export const EVENT_HARDWARE_ERROR = 0x10;
/** LE Meta event (7.7.65). */
export const EVENT_LE_META = 0x3e;
/** HCI_LE_Advertising_Report, subevent (7.7.65.2). */
export const SUBEVENT_ADVERTISING_REPORT = 0x02;
/** HCI_LE_Extended_Advertising_Report, subevent (7.7.65.13). */
export const SUBEVENT_EXTENDED_ADVERTISING_REPORT = 0x0d;

/** HCI_Set_Event_Mask (7.3.1). */
export const CMD_SET_EVENT_MASK = 0x0c01;
/** HCI_Reset (7.3.2). */
export const CMD_RESET = 0x0c03;
/** HCI_Read_LE_Host_Support (7.3.78). */
export const CMD_READ_LE_HOST_SUPPORT = 0x0c6c;
/** HCI_Write_LE_Host_Support (7.3.79). */
export const CMD_WRITE_LE_HOST_SUPPORT = 0x0c6d;
/** HCI_Read_Local_Version_Information (7.4.1). */
export const CMD_READ_LOCAL_VERSION = 0x1001;
/** HCI_Read_Local_Supported_Commands (7.4.2). */
export const CMD_READ_SUPPORTED_COMMANDS = 0x1002;
/** HCI_Read_Buffer_Size (7.4.5). */
export const CMD_READ_BUFFER_SIZE = 0x1005;
/** HCI_Read_BD_ADDR (7.4.6). */
export const CMD_READ_BD_ADDR = 0x1009;
/** HCI_LE_Set_Event_Mask (7.8.1). */
export const CMD_LE_SET_EVENT_MASK = 0x2001;
/** HCI_LE_Read_Buffer_Size [v1] (7.8.2). */
export const CMD_LE_READ_BUFFER_SIZE = 0x2002;
/** HCI_LE_Read_Local_Supported_Features (7.8.3). */
export const CMD_LE_READ_LOCAL_FEATURES = 0x2003;
/** HCI_LE_Set_Scan_Parameters (7.8.10). */
export const CMD_LE_SET_SCAN_PARAMETERS = 0x200b;
/** HCI_LE_Set_Scan_Enable (7.8.11). */
export const CMD_LE_SET_SCAN_ENABLE = 0x200c;
/** HCI_LE_Set_Default_PHY (7.8.48). */
export const CMD_LE_SET_DEFAULT_PHY = 0x2031;
/** HCI_LE_Set_Extended_Scan_Parameters (7.8.64). */
export const CMD_LE_SET_EXTENDED_SCAN_PARAMETERS = 0x2041;
/** HCI_LE_Set_Extended_Scan_Enable (7.8.65). */
export const CMD_LE_SET_EXTENDED_SCAN_ENABLE = 0x2042;

/** Error code: unknown HCI command (Vol 1, Part F, 2.1). */
export const STATUS_UNKNOWN_COMMAND = 0x01;
/** Error code: the command went well. */
export const STATUS_SUCCESS = 0x00;
/** Error code: command disallowed (Vol 1, Part F, 2.12). */
export const STATUS_COMMAND_DISALLOWED = 0x0c;
/** Error code: unsupported feature or parameter value (Vol 1, Part F, 2.17). */
export const STATUS_UNSUPPORTED_VALUE = 0x11;
/** Error code: invalid HCI command parameters (Vol 1, Part F, 2.18). */
export const STATUS_INVALID_PARAMETERS = 0x12;
