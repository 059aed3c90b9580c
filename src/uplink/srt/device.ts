/**
 * A UDP socket bound to a network interface, for libsrt to take over (`srt_bind_acquire`): its own SRTO_BINDTODEVICE is optional in a
 * build, speaks IPv4 only and has no fallback where the capability is missing.
 */

import { isIPv6 } from 'node:net';
import koffi from 'koffi';
import { close } from '../../net/libc.ts';
import { openSocket, UdpError } from '../udp/open.ts';
import { SrtError } from './errors.ts';

const fcntl = koffi.load(null).func('int fcntl(int fd, int command, int argument)') as (fd: number, command: number, argument: number) => number;
const F_SETFL = 4;

/** `towards` decides the family. Whoever gets the number owns it: libsrt, after a successful `srt_bind_acquire`; else call `close`. */
export function openDeviceSocket(device: string, towards: string): { number: number; close: () => void } {
  try {
    const { fd } = openSocket({ device, host: isIPv6(towards) ? '::' : '0.0.0.0' });
    // libsrt waits in recvmsg with SO_RCVTIMEO; on a non-blocking socket its thread would spin.
    fcntl(fd, F_SETFL, 0);
    return { number: fd, close: () => close(fd) };
  } catch (error) {
    if (error instanceof UdpError) throw new SrtError(error.code, error.message);
    throw error;
  }
}
