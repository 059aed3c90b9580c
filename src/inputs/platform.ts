/** Which board this is, as far as its encoders go (gst-pipelines/platforms.yaml). */
import { readFileSync } from 'node:fs';

let detected: string | null = null;

export function detectPlatform(): string {
  detected ??= platformOf(readModel());
  return detected;
}

/** `model` is the device tree's, or empty where there is none. */
export function platformOf(model: string): string {
  if (/Raspberry Pi 4|Raspberry Pi Compute Module 4|Raspberry Pi 400/.test(model)) return 'raspberrypi4';
  if (/Raspberry Pi 5|Raspberry Pi Compute Module 5|Raspberry Pi 500/.test(model)) return 'raspberrypi5';
  if (/Orin Nano/.test(model)) return 'jetson-orin-nano';
  if (/Orin/.test(model)) return 'jetson-orin';
  return 'generic';
}

function readModel(): string {
  try {
    return readFileSync('/proc/device-tree/model', 'utf8').replace(/\0/g, '');
  } catch {
    return '';
  }
}
