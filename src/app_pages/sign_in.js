// The password was right: exchanges the ticket for the administrators' cookie, and loads the page again, which only then
// is sent with it. Whatever comes in between, the page that is loaded asks for the password.

export default function signIn({ data }) {
  if (window.digitReaderTicket === data.ticket) return; // it is shown again with every run of the page's script
  window.digitReaderTicket = data.ticket;
  const again = () => window.location.reload();
  fetch(data.url, { method: "POST", headers: { "content-type": "text/plain" }, body: data.ticket }).then(again, again);
}
