/** The rows `state/…` of the table of topics (mqtt-topics.ts), with an example each. */
import type { z } from 'zod';
import { type StatePayload, stateSchemas } from './mqtt.ts';

export interface TopicRow {
  /** Below the root. */
  topic: string;
  from: 'box' | 'cloud';
  retained: boolean;
  qos: 0 | 1;
  what: string;
  /** null: no JSON but what `what` says. */
  schema: z.ZodType | null;
  example: unknown;
}

/** Of the examples. */
export const now = { wallMs: 1_760_000_000_000, monoMs: 523_400.5 };
const fine = { available: true, reason: 'connected', ...now } as const;

export const stateRows: TopicRow[] = [
  {
    topic: 'state/program',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'On air or not, and why. Published when that changes, and at most once in 10 s otherwise; so are the other states.',
    schema: stateSchemas.program,
    example: {
      ...fine,
      program: {
        state: 'on-air',
        reason: 'on-air',
        text: 'cam1 is delivered to cloud',
        input: 'cam1',
        pinned: null,
        pin: null,
        pathPin: null,
        destination: 'cloud',
        kbps: 4350,
        targetKbps: 4000,
        packets: 1_520_133,
        sinceMonoMs: 12_010,
        reference: null,
      },
    } satisfies StatePayload<'program'>,
  },
  {
    topic: 'state/inputs',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'All inputs, in order of preference.',
    schema: stateSchemas.inputs,
    example: {
      ...fine,
      inputs: [
        {
          id: 'cam1',
          kind: 'v4l2',
          state: 'running',
          reason: 'started',
          text: 'cam1 delivers pictures',
          onAir: true,
          kbps: 4350,
          targetKbps: 4000,
          encoder: 'v4l2h264enc',
          restarts: 0,
          retryInMs: null,
          audioDb: -23.4,
          sinceMonoMs: 11_100,
          workerPid: 812,
          source: {},
        },
      ],
    } satisfies StatePayload<'inputs'>,
  },
  {
    topic: 'state/paths',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'All paths: a network towards a destination.',
    schema: stateSchemas.paths,
    example: {
      ...fine,
      paths: [
        {
          id: 'eth',
          destination: 'cloud',
          interface: 'eth0',
          state: 'up',
          reason: 'connected',
          rttMs: 41.2,
          rttMinMs: 39.8,
          jitterMs: 2.1,
          queueMs: 0.8,
          lossPct: 0.1,
          capacityKbps: 6200,
          capacityReached: false,
          sentKbps: 3100,
          sentBytes: 204_000_000,
          sentPackets: 151_000,
          receivedBytes: 4_100_000,
          receivedPackets: 52_000,
          ackedPackets: 150_990,
          nakedPackets: 4,
          retransmittedPackets: 4,
          duplicatedPackets: 9100,
          sendErrors: 0,
          inFlight: 12,
          window: 40,
          data: { month: '2025-10', usedBytes: 1_200_000_000, allowedBytes: 5_000_000_000, state: 'ok' },
          sinceMonoMs: 11_500,
        },
      ],
    } satisfies StatePayload<'paths'>,
  },
  {
    topic: 'state/destinations',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'All destinations, in order of preference.',
    schema: stateSchemas.destinations,
    example: {
      ...fine,
      destinations: [
        {
          id: 'cloud',
          mode: 'bonded',
          address: 'gateway.example.net:5000',
          state: 'connected',
          reason: 'connected',
          text: 'connected to gateway.example.net:5000',
          active: true,
          retryInMs: null,
          sinceMonoMs: 11_800,
          srt: null,
        },
      ],
    } satisfies StatePayload<'destinations'>,
  },
  {
    topic: 'state/vitals',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'The box itself, and its modems.',
    schema: stateSchemas.vitals,
    example: {
      ...fine,
      vitals: {
        monoMs: 523_000,
        uptimeS: 523,
        model: 'Raspberry Pi 5 Model B Rev 1.0',
        cpuPct: 38,
        load1: 1.4,
        memoryTotalBytes: 4_143_000_000,
        memoryAvailableBytes: 3_200_000_000,
        diskTotalBytes: 28_000_000_000,
        diskUsedPct: 12.5,
        diskWritable: true,
        temperatureC: 61.2,
        zones: { 'cpu-thermal': 61.2 },
        underVoltage: false,
        throttled: false,
        throttledSinceBoot: false,
        powerW: 6.4,
        flash: { device: 'mmcblk0', kind: 'emmc', usedPct: 20, reserve: 'normal' },
        clockSynchronised: true,
      },
      modems: [
        {
          id: '0',
          model: 'EM7565',
          state: 'connected',
          interfaces: ['wwan0'],
          operator: 'Example Mobile',
          technology: 'lte',
          roaming: false,
          qualityPct: 71,
          rsrpDbm: -96,
          rsrqDb: -9,
          sinrDb: 14.2,
          rxBytes: 1_200_000,
          txBytes: 310_000_000,
        },
      ],
    } satisfies StatePayload<'vitals'>,
  },
  {
    topic: 'state/update',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'Which system slot runs, what is in the slots, and an update that is under way. `slots` is empty on a machine that has no second slot (no RAUC).',
    schema: stateSchemas.update,
    example: {
      ...fine,
      update: {
        supported: true,
        state: 'installing',
        reason: 'requested',
        text: '40 %: copying the image to rootfs.1',
        progressPct: 40,
        booted: 'A',
        version: '0.1.0',
        slots: [
          {
            name: 'rootfs.0',
            device: '/dev/mmcblk0p2',
            bootName: 'A',
            booted: true,
            next: true,
            bootStatus: 'good',
            version: '0.1.0',
            installedAt: '2025-10-01T08:00:00Z',
          },
          { name: 'rootfs.1', device: '/dev/mmcblk0p3', bootName: 'B', booted: false, next: false, bootStatus: 'good', version: '0.0.9', installedAt: null },
        ],
      },
    } satisfies StatePayload<'update'>,
  },
];
