/** What to do about a lack that several parts tell people of. */

/** There are no SRT socket groups. */
export const bondingAdvice = 'run ./tandem srt-bonding once in a checkout, or take an image that has libsrt with bonding';
