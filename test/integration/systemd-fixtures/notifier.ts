/** Says everything that a service says to systemd, and prints what each call returned. */
import { ready, status, stopping, watchdog, watchdogMs } from '../../../src/systemd-notify.ts';

console.log(JSON.stringify({ sent: [ready(), status('on air\nwith two paths'), watchdog(), stopping()], watchdogMs: watchdogMs() }));
