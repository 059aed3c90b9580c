/** The box in OpenMetrics text (https://github.com/OpenObservability/OpenMetrics, version 1.0): base units, counters end in _total. */
import type { BoxSnapshot } from '../../model/box.ts';

type Labels = Record<string, string>;
type Value = number | boolean | null | undefined;
type Sample = [labels: Labels, value: Value];

export function metricsText(box: BoxSnapshot): string {
  const live = box.media.state === 'connected' ? box.status : null;
  const lines: string[] = [];
  const family = (name: string, type: 'gauge' | 'counter' | 'info', help: string, samples: Sample[]): void => {
    const known = samples.filter(([, value]) => value !== null && value !== undefined);
    if (known.length === 0) return;
    lines.push(`# TYPE ${name} ${type}`, `# HELP ${name} ${help}`);
    const suffix = type === 'counter' ? '_total' : type === 'info' ? '_info' : '';
    for (const [labels, value] of known) lines.push(`${name}${suffix}${labelText(labels)} ${Number(value)}`);
  };
  const one = (value: Value): Sample[] => [[{}, value]];
  family('tandem', 'info', 'The box and its release.', [[{ box: box.box, version: box.version }, 1]]);
  family('tandem_on_air', 'gauge', 'Whether the program is delivered.', one(box.onAir));
  family('tandem_media_up', 'gauge', 'Whether the media daemon answers.', one(box.media.state === 'connected'));
  family('tandem_mqtt_up', 'gauge', 'Whether the broker is connected.', one(box.mqtt.state === 'off' ? null : box.mqtt.state === 'connected'));
  family('tandem_alarms', 'gauge', 'Standing warnings and alarms.', [
    [{ severity: 'warning' }, box.alarms.filter(({ severity }) => severity === 'warning').length],
    [{ severity: 'alarm' }, box.alarms.filter(({ severity }) => severity === 'alarm').length],
  ]);
  family('tandem_control_resident_bytes', 'gauge', 'Memory of the control daemon.', one(box.rssBytes));
  family(
    'tandem_update_waits',
    'gauge',
    'Whether an installed update waits for the next start.',
    one(box.update.supported ? box.update.state === 'installed' : null),
  );
  if (live !== null) liveFamilies(live, family);
  vitalFamilies(box, family);
  lines.push('# EOF', '');
  return lines.join('\n');
}

type Family = (name: string, type: 'gauge' | 'counter', help: string, samples: Sample[]) => void;

function liveFamilies(live: NonNullable<BoxSnapshot['status']>, family: Family): void {
  family('tandem_media_resident_bytes', 'gauge', 'Memory of the media daemon.', [[{}, live.rssBytes]]);
  family('tandem_program_bits_per_second', 'gauge', 'What leaves the switcher.', [[{}, live.program.kbps * 1000]]);
  family('tandem_program_packets', 'counter', 'MPEG-TS packets since start.', [[{}, live.program.packets]]);
  const inputs = (pick: (input: (typeof live.inputs)[number]) => Value): Sample[] => live.inputs.map((input) => [{ input: input.id }, pick(input)]);
  family(
    'tandem_input_up',
    'gauge',
    'Whether the input delivers.',
    inputs(({ state }) => state === 'running' || state === 'degraded'),
  );
  family(
    'tandem_input_on_air',
    'gauge',
    'Whether the input is on air.',
    inputs(({ onAir }) => onAir),
  );
  family(
    'tandem_input_bits_per_second',
    'gauge',
    'Bitrate of the input.',
    inputs(({ kbps }) => kbps * 1000),
  );
  family(
    'tandem_input_restarts',
    'counter',
    'Restarts of the encoder process.',
    inputs(({ restarts }) => restarts),
  );
  const paths = (pick: (path: (typeof live.paths)[number]) => Value): Sample[] =>
    live.paths.map((path) => [{ path: path.id, destination: path.destination, interface: path.interface ?? '' }, pick(path)]);
  family(
    'tandem_path_up',
    'gauge',
    'Whether the path carries.',
    paths(({ state }) => state === 'up'),
  );
  family(
    'tandem_path_pinned',
    'gauge',
    'Whether a person pinned the path.',
    paths(({ id }) => id === live.program.pathPin?.path),
  );
  family(
    'tandem_path_sent_bits_per_second',
    'gauge',
    'Sent over the path.',
    paths(({ sentKbps }) => sentKbps * 1000),
  );
  family(
    'tandem_path_rtt_seconds',
    'gauge',
    'Round-trip time.',
    paths(({ rttMs }) => (rttMs === null ? null : rttMs / 1000)),
  );
  family(
    'tandem_path_sent_bytes',
    'counter',
    'Bytes sent.',
    paths(({ sentBytes }) => sentBytes),
  );
  family(
    'tandem_path_sent_packets',
    'counter',
    'Packets sent.',
    paths(({ sentPackets }) => sentPackets),
  );
  family(
    'tandem_path_acknowledged_packets',
    'counter',
    'Packets proved to have arrived.',
    paths(({ ackedPackets }) => ackedPackets),
  );
  family(
    'tandem_path_missing_packets',
    'counter',
    'Packets reported missing.',
    paths(({ nakedPackets }) => nakedPackets),
  );
  family(
    'tandem_path_retransmitted_packets',
    'counter',
    'Retransmissions carried.',
    paths(({ retransmittedPackets }) => retransmittedPackets),
  );
  family(
    'tandem_path_send_errors',
    'counter',
    'Packets that the network refused.',
    paths(({ sendErrors }) => sendErrors),
  );
  family(
    'tandem_path_data_used_bytes',
    'gauge',
    'Data used this month, of a path with an allowance.',
    paths(({ data }) => data?.usedBytes),
  );
  family(
    'tandem_path_data_allowed_bytes',
    'gauge',
    'Data allowed in a month.',
    paths(({ data }) => data?.allowedBytes),
  );
  const destinations = (pick: (one: (typeof live.destinations)[number]) => Value): Sample[] =>
    live.destinations.map((one) => [{ destination: one.id }, pick(one)]);
  family(
    'tandem_destination_up',
    'gauge',
    'Whether the destination is connected.',
    destinations(({ state }) => state === 'connected'),
  );
  family(
    'tandem_destination_dropped_packets',
    'counter',
    'Packets given up because they were too late.',
    destinations(({ srt }) => srt?.droppedPackets),
  );
  family(
    'tandem_destination_send_buffer_seconds',
    'gauge',
    'What waits to be sent or acknowledged.',
    destinations(({ srt }) => (srt ? srt.sendBufferMs / 1000 : null)),
  );
}

function vitalFamilies({ vitals, modems }: BoxSnapshot, family: Family): void {
  if (vitals !== null) {
    family('tandem_cpu_ratio', 'gauge', 'Share of the processor in use.', [[{}, vitals.cpuPct === null ? null : vitals.cpuPct / 100]]);
    family('tandem_memory_available_bytes', 'gauge', 'Memory available.', [[{}, vitals.memoryAvailableBytes]]);
    family('tandem_disk_used_ratio', 'gauge', 'Share of the state disk in use.', [[{}, vitals.diskUsedPct === null ? null : vitals.diskUsedPct / 100]]);
    family(
      'tandem_temperature_celsius',
      'gauge',
      'Temperature of a zone.',
      Object.entries(vitals.zones).map(([zone, value]) => [{ zone }, value]),
    );
    family('tandem_power_watts', 'gauge', 'What the board draws.', [[{}, vitals.powerW]]);
    family('tandem_flash_used_ratio', 'gauge', 'Share of the life of the flash memory that is used, in steps of a tenth.', [
      [{ device: vitals.flash?.device ?? '' }, vitals.flash?.usedPct == null ? null : vitals.flash.usedPct / 100],
    ]);
    family('tandem_under_voltage', 'gauge', 'Whether the power supply is too weak now.', [[{}, vitals.underVoltage]]);
    family('tandem_throttled', 'gauge', 'Whether the processor is throttled now.', [[{}, vitals.throttled]]);
    family('tandem_clock_synchronised', 'gauge', 'Whether the clock is synchronised.', [[{}, vitals.clockSynchronised]]);
  }
  const modem = (pick: (one: (typeof modems)[number]) => Value): Sample[] => modems.map((one) => [{ modem: one.id, operator: one.operator ?? '' }, pick(one)]);
  family(
    'tandem_modem_connected',
    'gauge',
    'Whether the modem is connected.',
    modem(({ state }) => state === 'connected'),
  );
  family(
    'tandem_modem_rsrp_dbm',
    'gauge',
    'Reference signal received power.',
    modem(({ rsrpDbm }) => rsrpDbm),
  );
  family(
    'tandem_modem_sinr_db',
    'gauge',
    'Signal to interference and noise.',
    modem(({ sinrDb }) => sinrDb),
  );
}

function labelText(labels: Labels): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return '';
  return `{${entries.map(([key, value]) => `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`).join(',')}}`;
}
