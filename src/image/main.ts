/** Verbs of the workshop: they make what runs on a box, and stay behind when the box is made (so not in src/main.ts). */
import { join } from 'node:path';
import { Command } from 'commander';
import { runProgram } from '../cli/run-program.ts';
import { checkout } from './package.ts';
import { addYoctoVerbs } from './yocto/main.ts';

const program = new Command('tandem').exitOverride().showSuggestionAfterError();

function run(work: Promise<number>): Promise<void> {
  return work.then((code) => {
    process.exitCode = code;
  });
}

program
  .command('package')
  .description('the bundle and the Debian package for amd64, arm64 or both')
  .exitOverride()
  .option('--arch <name>', 'amd64, arm64 or all', 'all')
  .option('--out <folder>', 'folder for the results', join(checkout, 'dist'))
  .option('--check', 'also install and purge it on a clean Debian root file system', false)
  .option('--suite <name>', 'Debian release for --check')
  .action(async (o: { arch: string; out: string; check: boolean; suite?: string }) => run((await import('./package.ts')).runPackage(o)));

program
  .command('srt-bonding')
  .description('libsrt with socket groups, built from Debian’s source package')
  .exitOverride()
  .option('--again', 'build it although it is there', false)
  .action(async (o: { again: boolean }) => run((await import('./srt-bonding.ts')).runSrtBonding(o)));

const box = program.command('virtual-box').description('a whole box in QEMU, for developers without hardware');
for (const [action, description] of [
  ['build', 'make its disk image'],
  ['run', 'start it and stay until Ctrl-C'],
  ['test', 'start it, run the hardware tests in it, and end it'],
] as const)
  box
    .command(action)
    .description(description)
    .exitOverride()
    .option('--as-built', 'take the image as it was built last', false)
    .option('--only <text>', 'of the tests only those whose name contains this')
    .option('--report <file>', 'outcomes of test as JSON')
    .action(async (o: { asBuilt: boolean; only?: string; report?: string }) => run((await import('./virtual-box/main.ts')).runVirtualBox({ action, ...o })));

addYoctoVerbs(program, run);

await runProgram(program);
