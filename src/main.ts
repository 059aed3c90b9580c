/** The command line: every verb starts here, and loads only what it needs. */
import { Command, Option } from 'commander';
import type { HardwareTestOptions } from '../hardware-tests/main.ts';
import { configOption, readyConfig } from './cli/configuration-file.ts';
import { durationMs, milliseconds, positiveInteger } from './cli/numbers.ts';
import { runProgram } from './cli/run-program.ts';
import { version } from './version.ts';

const program = new Command('tandem')
  .description('A field encoder: the outgoing stream stays live, whatever breaks, and people can see why.')
  .version(version)
  .exitOverride()
  .showSuggestionAfterError();

/** A verb with `--config`; its action resolves to the exit code. */
function verb(name: string, description: string): Command {
  return program.command(name).description(description).exitOverride();
}

function run(work: Promise<number> | number): Promise<void> {
  return Promise.resolve(work).then((code) => {
    process.exitCode = code;
  });
}

interface WithConfig {
  config: string;
}

verb('run', 'media and control under one supervisor')
  .option(...configOption)
  .action(async ({ config }: WithConfig) => {
    await readyConfig(config);
    await run((await import('./run/main.ts')).runBoth(config));
  });
verb('media', 'the media daemon: inputs → switcher → uplink')
  .option(...configOption)
  .action(async ({ config }: WithConfig) => run((await import('./cli/daemons.ts')).runMediaWith(config)));
verb('control', 'the management daemon: page, MQTT, journal, GPIO')
  .option(...configOption)
  .action(async ({ config }: WithConfig) => run((await import('./cli/daemons.ts')).runControlWith(config)));
verb('gateway', 'the receiving end: SRTLA and SRT in, MPEG-TS out')
  .option(...configOption)
  .action(async ({ config }: WithConfig) => run((await import('./gateway/main.ts')).runGateway(await readyConfig(config))));
verb('demo', 'the whole chain on this machine, faults included')
  .option('--for <time>', 'run unattended for this long: 30s, 2m', durationMs)
  .option('--report <file>', 'write what the viewer measured as JSON')
  .option('--latency <ms>', 'SRT latency', milliseconds, 1000)
  .option('--at <fault>', "break something on schedule, repeatable: '10s path eth down', '25s kill media'", (one: string, list: string[]) => [...list, one], [])
  .addOption(new Option('--seed <n>', 'seed of the emulated networks').argParser(positiveInteger))
  .addHelpText(
    'after',
    "\nFaults: path <eth|lte> down|up|loss <n>%|delay <n>ms|rate <n>kbit; kill|stop|continue media|control|gateway|worker\nExample: tandem demo --for 30s --report r.json --at '10s path eth down' --at '20s path eth up'",
  )
  .action(async (o: { for?: number; report?: string; latency: number; at: string[]; seed?: number }) =>
    run((await import('./demo/main.ts')).runDemo({ forMs: o.for ?? null, report: o.report ?? null, latencyMs: o.latency, at: o.at, seed: o.seed ?? null })),
  );
verb('doctor', 'what this machine can do, and what to do about each gap')
  .option('--json', 'as JSON')
  .action(async (o: { json?: boolean }) => run((await import('./doctor/main.ts')).runDoctor(o.json ?? false)));
verb('status', 'what the box is doing now')
  .option(...configOption)
  .option('--json', 'as JSON')
  .option('--watch', 'again each second')
  .action(async (o: WithConfig & { json?: boolean; watch?: boolean }) =>
    run((await import('./cli/status.ts')).showStatus((await readyConfig(o.config)).media.socket, o)),
  );

verb('pin', 'keep an input on air, or the program on a path; says so when that is a bad idea')
  .argument('<id>', 'an input, or with --path a path')
  .option(...configOption)
  .option('--path', 'a path: it carries the program alone while it works')
  .option('--for <time>', 'the pin ends by itself after this long: 30s, 10m', durationMs)
  .action(async (id: string, o: WithConfig & { for?: number; path?: boolean }) => {
    const until = o.for === undefined ? {} : { forMs: Math.max(1000, o.for) };
    const command = o.path ? { name: 'pin-path' as const, path: id, ...until } : { name: 'pin-input' as const, input: id, ...until };
    await run((await import('./cli/pin.ts')).sendPin((await readyConfig(o.config)).media.socket, command));
  });
verb('unpin', 'let the engine choose the input again')
  .option(...configOption)
  .option('--path', 'the paths instead')
  .action(async (o: WithConfig & { path?: boolean }) =>
    run((await import('./cli/pin.ts')).sendPin((await readyConfig(o.config)).media.socket, { name: o.path ? 'unpin-path' : 'unpin-input' })),
  );
verb('rehearse', 'break things on purpose, while on air, and measure what viewers would notice; without words, what a show meets first')
  .argument('[what...]', 'all, stop, or such as: pull eth, kill cam1, lose cam1, freeze management')
  .option(...configOption)
  .option('--force', 'also what viewers will notice, since nothing else would carry the program')
  .option('--json', 'the report as JSON')
  .action(async (what: string[], o: WithConfig & { force?: boolean; json?: boolean }) =>
    run((await import('./cli/rehearse.ts')).rehearse((await readyConfig(o.config)).media.socket, what, o)),
  );
verb('firewall', 'the nftables commands that open what the configuration listens on')
  .option(...configOption)
  .action(async ({ config }: WithConfig) => run((await import('./firewall/main.ts')).printFirewall(await readyConfig(config))));
verb('hardware-test', 'acceptance on a real box: this one, or another over ssh')
  .option('--box <user@host>', 'the box to test; without it, this machine')
  .option('--port <port>', 'its ssh port', positiveInteger)
  .option('--identity <file>', 'ssh key')
  .option('--broker <url>', "the box's broker as it is reached from here")
  .option('--only <text>', 'only the tests whose name contains this')
  .option('--disruptive', 'also what reboots, hangs or cuts the box', false)
  .option('--report <file>', 'the outcomes as JSON')
  .action(async (o: HardwareTestOptions) => run((await import('../hardware-tests/main.ts')).runHardwareTest(o)));

const config = verb('config', 'check, show and document the configuration');
config
  .command('check')
  .argument('[file]')
  .description('every mistake at once, by path and line')
  .option(...configOption)
  .action(async (file: string | undefined, o: WithConfig) => run((await import('./cli/config.ts')).checkConfig(file ?? o.config)));
config
  .command('show')
  .argument('[file]')
  .description('with all defaults, without secrets')
  .option(...configOption)
  .action(async (file: string | undefined, o: WithConfig) => run((await import('./cli/config.ts')).showConfig(file ?? o.config)));
config
  .command('migrate')
  .argument('[file]')
  .description('writes a file of an older version anew, and keeps the old one')
  .option(...configOption)
  .action(async (file: string | undefined, o: WithConfig) => run((await import('./cli/config.ts')).migrateConfig(file ?? o.config)));
config
  .command('docs')
  .description('docs/configuration.md, made from the schema')
  .option('--write', 'write the file')
  .option('--check', 'fail when the file is out of date')
  .action(async (o: { write?: boolean; check?: boolean }) => run((await import('./cli/config.ts')).documentConfig(o)));
config
  .command('schema')
  .description('JSON Schema of the file')
  .action(async () => run((await import('./cli/config.ts')).printSchema()));

await runProgram(program);
