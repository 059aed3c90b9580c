import { describe, expect, test } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { openCommands, openPorts, sshPortsOf } from './rules.ts';

describe('the firewall', () => {
  test('opens ssh and the page of an empty configuration', () => {
    expect(openPorts(configSchema.parse({ version: 1 }), [22])).toEqual({ tcp: [22, 8080], udp: [] });
  });

  test('opens what listens, and nothing that calls, is switched off, or listens for this machine alone', () => {
    const config = configSchema.parse({
      version: 1,
      inputs: [
        { id: 'drone', kind: 'srt', port: 9710 },
        { id: 'called', kind: 'srt', mode: 'caller', host: 'camera.example.net', port: 9711 },
        { id: 'off', kind: 'srt', enabled: false, port: 9712 },
        { id: 'local', kind: 'udp', host: '127.0.0.1', port: 5004 },
        { id: 'group', kind: 'udp', host: '239.1.1.1', port: 5006 },
        { id: 'obs', kind: 'rtmp', key: 'of-the-drone' },
        { id: 'own', kind: 'rtmp', host: '::1', port: 1936, key: 'of-the-drone' },
      ],
      control: { web: { enabled: false } },
    });
    expect(openPorts(config, [2200])).toEqual({ tcp: [1935, 2200], udp: [5006, 9710] });
  });

  test('replaces both sets in one transaction, also with nothing to open', () => {
    expect(openCommands({ tcp: [22, 80], udp: [] })).toBe(
      'flush set inet tandem tcp_open\nadd element inet tandem tcp_open { 22, 80 }\nflush set inet tandem udp_open\n',
    );
  });

  test('finds the ports of the ssh server, however it names them', () => {
    expect(sshPortsOf([])).toEqual([22]);
    expect(sshPortsOf(['#Port 22\nPermitRootLogin no\n'])).toEqual([22]);
    expect(sshPortsOf(['Port 2222\n', 'ListenAddress 192.0.2.1:2022\nListenAddress [::]:2023\nListenAddress 0.0.0.0\n'])).toEqual([2222, 2022, 2023]);
  });
});
