/** Asks ModemManager about the modems, by its own command line: no D-Bus library, and what is seen here is what a person sees there. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { monoMs } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Modem } from '../../model/vitals.ts';
import type { Box } from '../box.ts';
import { ModemBoard } from './judge.ts';
import { parseBearerPaths, parseModem, parseModemList } from './parse.ts';

const everyMs = 10_000;
/** Without modems a question now and then is enough to see one plugged in. */
const idleEveryMs = 30_000;
/** Modems measure their signal only when told to, this often, seconds. */
const signalRateSeconds = '5';

/** Output of `mmcli` with these arguments. Rejects where it fails. */
export type Mmcli = (...args: string[]) => Promise<string>;

const run: Mmcli = async (...args) => (await promisify(execFile)('mmcli', args, { timeout: 5000, maxBuffer: 1024 * 1024 })).stdout;

export async function readModems(mmcli: Mmcli): Promise<Modem[]> {
  const modems: Modem[] = [];
  for (const id of parseModemList(await mmcli('-L', '-J'))) {
    const text = await mmcli('-m', id, '-J');
    const signal = await mmcli('-m', id, '--signal-get', '-J').catch(() => '');
    const bearers: string[] = [];
    for (const path of parseBearerPaths(text)) bearers.push(await mmcli('-b', path, '-J').catch(() => ''));
    const modem = parseModem(id, text, signal, bearers);
    if (modem === null) continue;
    modems.push(modem);
    if (modem.rsrpDbm === null) await mmcli('-m', id, `--signal-setup=${signalRateSeconds}`).catch(() => '');
  }
  return modems;
}

/** Returns the function that stops it. Without mmcli it says so once and is quiet. */
export function watchModems(box: Box, log: Logger): () => void {
  const config = box.config.control.modems;
  if (!config.enabled) return () => undefined;
  const board = new ModemBoard();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let said = false;
  const turn = async (): Promise<void> => {
    try {
      const modems = await readModems(run);
      if (stopped) return;
      box.setModems(modems);
      for (const one of board.judge(modems, config, monoMs())) box.report(one);
      said = false;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        log.info('mmcli is not installed: modems are not watched');
        return;
      }
      if (!said) log.warn('ModemManager does not answer: is its service running?');
      said = true;
    }
    if (!stopped) timer = setTimeout(() => void turn(), box.modems.length > 0 ? everyMs : idleEveryMs);
  };
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
