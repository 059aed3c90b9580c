import { expect, test } from 'vitest';
import { modemsSchema } from '../../config/schema.ts';
import { modemSchema } from '../../model/vitals.ts';
import { ModemBoard } from './judge.ts';
import { type Mmcli, readModems } from './loop.ts';
import { parseBearerPaths, parseModem, parseModemList } from './parse.ts';

/** In the form that mmcli 1.20 prints: every value a string, `--` for nothing. Made by hand after its source (mmcli-output.c). */
const listText = JSON.stringify({ 'modem-list': ['/org/freedesktop/ModemManager1/Modem/3'] });
const modemText = (state = 'connected', registration = 'roaming') =>
  JSON.stringify({
    modem: {
      '3gpp': { imei: '490154203237518', 'operator-code': '00101', 'operator-name': 'Example Mobile', 'registration-state': registration, pco: '--' },
      cdma: { meid: '--' },
      'dbus-path': '/org/freedesktop/ModemManager1/Modem/3',
      generic: {
        'access-technologies': ['lte'],
        bearers: ['/org/freedesktop/ModemManager1/Bearer/1'],
        model: 'EM7565',
        manufacturer: 'Sierra Wireless',
        ports: ['cdc-wdm0 (mbim)', 'ttyUSB0 (at)', 'wwan0 (net)'],
        'power-state': 'on',
        'signal-quality': { recent: 'yes', value: '71' },
        state,
        'state-failed-reason': '--',
      },
    },
  });
const signalText = (rsrp = '-96.00') =>
  JSON.stringify({
    modem: { signal: { '5g': { rsrp: '--', rsrq: '--', snr: '--' }, lte: { rsrp, rsrq: '-9.00', rssi: '-64.00', snr: '14.20' }, refresh: { rate: '5' } } },
  });
const bearerText = JSON.stringify({
  bearer: { stats: { attempts: '1', 'bytes-rx': '1200000', 'bytes-tx': '310000000', duration: '600' }, status: { connected: 'yes', interface: 'wwan0' } },
});

test('a connected modem is read whole', () => {
  const modem = parseModem('3', modemText(), signalText(), [bearerText]);
  expect(modemSchema.parse(modem)).toEqual({
    id: '3',
    model: 'EM7565',
    state: 'connected',
    interfaces: ['wwan0'],
    operator: 'Example Mobile',
    technology: 'lte',
    roaming: true,
    qualityPct: 71,
    rsrpDbm: -96,
    rsrqDb: -9,
    sinrDb: 14.2,
    rxBytes: 1_200_000,
    txBytes: 310_000_000,
  });
  expect(parseModem('3', modemText('registered', 'home'), '', [])).toMatchObject({ roaming: false, rsrpDbm: null, txBytes: null });
});

test('whatever mmcli prints, nothing throws', () => {
  for (const text of ['', 'error: no modem', '{}', '[]', 'null', '{"modem":null}', '{"modem":{"generic":[]}}', '{"modem-list":[1,null,"x"]}']) {
    expect(parseModemList(text)).toEqual([]);
    expect(parseBearerPaths(text)).toEqual([]);
    parseModem('0', text, text, [text]);
  }
});

test('modems are found, measured, and told to measure when they do not', async () => {
  const asked: string[] = [];
  const mmcli: Mmcli = async (...args) => {
    asked.push(args.join(' '));
    if (args[0] === '-L') return listText;
    if (args.includes('--signal-get')) return signalText('--');
    if (args[0] === '-b') return bearerText;
    return modemText();
  };
  expect(await readModems(mmcli)).toHaveLength(1);
  expect(asked).toContain('-b /org/freedesktop/ModemManager1/Bearer/1 -J');
  expect(asked).toContain('-m 3 --signal-setup=5');
});

test('gone and back, poor and good again are said once each', () => {
  const board = new ModemBoard();
  const config = modemsSchema.parse({});
  const read = (rsrp: string, state = 'connected') => [parseModem('3', modemText(state), signalText(rsrp), []) as NonNullable<ReturnType<typeof parseModem>>];
  const said: string[] = [];
  const at = (second: number, modems: ReturnType<typeof read>) => {
    for (const one of board.judge(modems, config, second * 1000)) said.push(`${second} ${one.severity} ${one.reason}`);
  };
  at(0, read('-90.00'));
  for (let second = 10; second <= 60; second += 10) at(second, read('-120.00'));
  // Within the gap: still poor.
  for (let second = 70; second <= 120; second += 10) at(second, read('-113.00'));
  for (let second = 130; second <= 180; second += 10) at(second, read('-100.00'));
  at(190, []);
  at(200, []);
  at(210, read('-100.00', 'searching'));
  at(220, read('-100.00'));
  expect(said).toEqual([
    '0 info started',
    '40 warning signal-poor',
    '160 clear recovered',
    '190 warning modem-lost',
    '210 clear recovered',
    '220 clear recovered',
  ]);
});
