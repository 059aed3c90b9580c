/** The simulated program: when its pictures come and how large they are. */

export const fps = 30;
/** A key frame each second, four times the size of the others' mean. */
export const keyEvery = 30;
const keyTimes = 4;

export function pictureBytes(kbps: number, picture: number): number {
  const mean = (kbps / 8) * (1000 / fps);
  return picture % keyEvery === 0 ? mean * keyTimes : (mean * (keyEvery - keyTimes)) / (keyEvery - 1);
}
