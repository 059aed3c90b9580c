/** The login and the set-up form. */
const form = document.getElementById('form');
const message = document.getElementById('message');
const password = document.getElementById('password');
const again = document.getElementById('again');

password.focus();

form.addEventListener('submit', async (submit) => {
  submit.preventDefault();
  if (again !== null && again.value !== password.value) {
    message.textContent = 'The two are not the same.';
    again.focus();
    return;
  }
  const button = form.querySelector('button');
  button.disabled = true;
  message.textContent = '';
  try {
    const response = await fetch(form.dataset.post, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ password: password.value }),
    });
    if (response.ok) {
      location.replace('/');
      return;
    }
    const { text } = await response.json();
    message.textContent = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
    // Somebody else was quicker: there is a password now.
    if (response.status === 409) setTimeout(() => location.replace('/login'), 1500);
  } catch {
    message.textContent = 'The box does not answer. Check the network and try again.';
  }
  button.disabled = false;
  password.focus();
  password.select();
});
