import { describe, expect, test } from 'vitest';
import { unixAddress, watchdogMs } from './systemd-notify.ts';

describe('the address of the notify socket', () => {
  test('is a path that ends with a zero byte', () => {
    expect(unixAddress('/run/n')?.toString('latin1')).toBe('\x01\x00/run/n\x00');
  });
  test('or an abstract name that starts with one and does not end with one', () => {
    expect(unixAddress('@abc')?.toString('latin1')).toBe('\x01\x00\x00abc');
  });
  test('is refused when it is relative, empty or longer than the kernel takes', () => {
    for (const name of ['', 'run/n', '@', '/', `/${'x'.repeat(107)}`, 'vsock:2:1234']) expect(unixAddress(name)).toBeNull();
    expect(unixAddress(`/${'x'.repeat(106)}`)).not.toBeNull();
  });
});

describe('the watchdog interval', () => {
  test('comes in microseconds and for this process only', () => {
    expect(watchdogMs({ WATCHDOG_USEC: '10000000' }, 7)).toBe(10_000);
    expect(watchdogMs({ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '7' }, 7)).toBe(10_000);
    expect(watchdogMs({ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '8' }, 7)).toBeNull();
    expect(watchdogMs({}, 7)).toBeNull();
    expect(watchdogMs({ WATCHDOG_USEC: 'soon' }, 7)).toBeNull();
  });
});
