/** What a chart shows of its numbers: heights, levels, spikes. Pure. */

export const SPIKE = 1.5;
export const HIGH_SPIKE = 2;

/** The share of the largest, 0 to 1. @param {number} value @param {number} most */
export const share = (value, most) => (most > 0 ? value / most : 0);

/** One of five shades of a heat strip: 0 is nothing at all. @param {number} value @param {number} most */
export const level = (value, most) => (value > 0 ? Math.min(4, Math.floor(share(value, most) * 4) + 1) : 0);

/**
 * How far each value stands out of the average of those that are not zero.
 * @param {number[]} values
 * @returns {{average: number, marks: ("" | "spike" | "high")[]}}
 */
export function spikes(values) {
  const some = values.filter((value) => value > 0);
  const average = some.length ? some.reduce((sum, value) => sum + value, 0) / some.length : 0;
  const marks = values.map((value) => {
    if (!average || value < SPIKE * average) return "";
    return value < HIGH_SPIKE * average ? "spike" : "high";
  });
  return { average, marks };
}

/** The place of the largest; -1 where nothing is more than zero. @param {number[]} values */
export const peak = (values) => {
  const most = Math.max(0, ...values);
  return most > 0 ? values.indexOf(most) : -1;
};
