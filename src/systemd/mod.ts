/** Running as a systemd service: readiness, a line of status, and a watchdog that notices a dead scan.
 *
 * @module
 */
export { type FileIdentity, isJournal } from "./journal.ts";
export { type NotifyCalls, type NotifySettings, readNotifySettings, sendNotification } from "./notify.ts";
export { type RecordCalls, recordPath, RunningRecord } from "./running_record.ts";
export {
  RESTART_MARGIN_MS,
  ServiceNotifier,
  type ServiceNotifierOptions,
  type ServiceNotifierParts,
} from "./service_notifier.ts";
