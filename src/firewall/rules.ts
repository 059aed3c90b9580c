/** Which ports the configuration listens on, and the nftables commands that open exactly them (systemd/firewall.nft has the rest). */
import type { Config } from '../config/schema.ts';

export interface OpenPorts {
  tcp: number[];
  udp: number[];
}

/** @param sshPorts where the ssh server of this box listens: a firewall must never lock its owner out. */
export function openPorts(config: Config, sshPorts: readonly number[]): OpenPorts {
  const tcp = new Set<number>(sshPorts);
  const udp = new Set<number>();
  const { web } = config.control;
  if (web.enabled && web.port > 0 && !isLoopback(web.host)) tcp.add(web.port);
  for (const input of config.inputs) {
    if (!input.enabled) continue;
    if (input.kind === 'srt' && input.mode === 'listener' && !isLoopback(input.host)) udp.add(input.port);
    if (input.kind === 'udp' && !isLoopback(input.host)) udp.add(input.port);
    if (input.kind === 'rtmp' && !isLoopback(input.host)) tcp.add(input.port);
  }
  if (config.gateway !== undefined && !isLoopback(config.gateway.host)) {
    udp.add(config.gateway.srtlaPort);
    if (config.gateway.srtPort !== undefined) udp.add(config.gateway.srtPort);
  }
  const sorted = (ports: Set<number>): number[] => [...ports].sort((a, b) => a - b);
  return { tcp: sorted(tcp), udp: sorted(udp) };
}

/** Commands for `nft -f`: one transaction, so that there is no moment without rules. */
export function openCommands(ports: OpenPorts): string {
  const lines: string[] = [];
  for (const protocol of ['tcp', 'udp'] as const) {
    const set = `inet tandem ${protocol}_open`;
    lines.push(`flush set ${set}`);
    if (ports[protocol].length > 0) lines.push(`add element ${set} { ${ports[protocol].join(', ')} }`);
  }
  return `${lines.join('\n')}\n`;
}

/** The ports of sshd_config(5) texts, in `Port` and `ListenAddress` lines; 22 when they name none. */
export function sshPortsOf(texts: readonly string[]): number[] {
  const ports = new Set<number>();
  for (const line of texts.join('\n').split('\n')) {
    const port = /^\s*port[\s=]+(\d{1,5})\s*$/i.exec(line)?.[1] ?? /^\s*listenaddress[\s=]+(?:\[[^\]]*\]|[^\s:]+):(\d{1,5})(?:\s|$)/i.exec(line)?.[1];
    if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) ports.add(Number(port));
  }
  return ports.size === 0 ? [22] : [...ports];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
