/** A form on its way to the server: sent once, and what was wrong with it is said in it. */

/**
 * @param {Element} form with a `.problem` and its `.primary` button
 * @param {() => unknown} work
 * @returns {Promise<boolean>} whether it was taken
 */
export async function sent(form, work) {
  const problem = /** @type {HTMLElement} */ (form.querySelector(".problem"));
  const button = /** @type {HTMLButtonElement} */ (form.querySelector(".primary"));
  problem.textContent = "";
  button.disabled = true;
  try {
    await work();
    return true;
  } catch (error) {
    problem.textContent = /** @type {Error} */ (error).message;
    return false;
  } finally {
    button.disabled = false;
  }
}
