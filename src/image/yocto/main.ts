/** `tandem yocto check|bundle|keys`: what the layer in `yocto-layer/` needs from the checkout. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { checkout } from '../package.ts';
import { machines } from './pins.ts';

type Run = (work: Promise<number>) => Promise<void>;

export function addYoctoVerbs(program: Command, run: Run): void {
  const yocto = program.command('yocto').description('what the layer in yocto-layer/ needs from this checkout');
  yocto
    .command('check')
    .description('parse the layer and resolve the image with BitBake, from layers in a folder; builds nothing')
    .exitOverride()
    .option('--layers <folder>', 'holds clones of what yocto-layer/layers.txt names', process.env.TANDEM_YOCTO_LAYERS)
    .option('--machine <name>', 'repeatable; without it raspberrypi5 and jetson-orin-nano-devkit', (one: string, list: string[]) => [...list, one], [])
    .option('--build <folder>', "BitBake's own folder, kept between runs", join(checkout, '.tandem/yocto'))
    .option('--user <name>', 'who runs BitBake when root calls (BitBake refuses root)', 'nobody')
    .option('--all', 'parse every recipe of the layers, also those that no box needs', false)
    .option('--report <file>', 'append the outcome as text')
    .addHelpText('after', `\nMachines: ${Object.keys(machines).join(', ')}. Without the layers it is skipped: exit code 77.`)
    .action(async (o: { layers?: string; machine: string[]; build: string; user: string; all: boolean; report?: string }) =>
      run((await import('./check.ts')).checkLayer(o)),
    );
  yocto
    .command('bundle')
    .description('register a bundle of `tandem package` with the recipe: its path and its checksum')
    .exitOverride()
    .option('--file <bundle>', 'default: the arm64 bundle of this version in dist/')
    .action(async (o: { file?: string }) => run((await import('./bundle.ts')).registerBundle(o.file)));
  yocto
    .command('keys')
    .description('make a certificate authority and a signing key for update bundles, outside this checkout')
    .exitOverride()
    .requiredOption('--out <folder>', 'new folder for the keys')
    .option('--name <name>', 'whose boxes these are', 'Tandem')
    .action(async (o: { out: string; name: string }) => run((await import('./keys.ts')).makeKeys(o)));
}
