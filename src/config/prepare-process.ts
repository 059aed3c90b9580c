/**
 * `prepare` in a process of its own: what checks a configuration (YAML, the schema) is needed for a moment, and a daemon would hold it
 * for as long as it lives. The request comes as JSON on standard input, the answer goes as JSON to standard output.
 */
import { readFileSync } from 'node:fs';
import { type PrepareRequest, prepare } from './prepare.ts';

const request = JSON.parse(readFileSync(0, 'utf8')) as PrepareRequest;
process.stdout.write(JSON.stringify(prepare(request)));
