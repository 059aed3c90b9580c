/**
 * What a box starts as its daemons: `media --config <file>` and `control --config <file>`, without the library of the command line,
 * which a daemon would hold in memory for as long as it lives (docs/adr/0016-memory.md). Anything else is the command line's.
 */
import { runControlWith, runMediaWith } from './cli/daemons.ts';
import { runToEnd } from './cli/run-to-end.ts';

const [verb = '', option, file = '', ...more] = process.argv.slice(2);
const daemon = verb === 'media' ? runMediaWith : verb === 'control' ? runControlWith : null;
if (daemon === null || option !== '--config' || file === '' || more.length > 0) await import('./main.ts');
else
  await runToEnd(async () => {
    process.exitCode = await daemon(file);
  });
