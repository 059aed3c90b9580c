import type { InputConfig } from '../config/schema.ts';

/** Its stream is to be taken as it is. */
export const isPassThrough = (input: InputConfig): boolean => 'passThrough' in input && input.passThrough;
