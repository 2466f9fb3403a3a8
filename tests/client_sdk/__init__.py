"""The client SDK, as a site's process and a browser meet it, against the SDK's own fake center."""
