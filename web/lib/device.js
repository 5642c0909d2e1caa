/** What kind of device this is, where the browser cannot be asked what it can. */

const { userAgent, maxTouchPoints = 0 } = navigator;

/** An iPad says that it is a Mac, but a Mac has no touch screen. */
export const isApplePhone =
  /iP(hone|ad|od)/.test(userAgent) || (userAgent.includes("Macintosh") && maxTouchPoints > 1);
