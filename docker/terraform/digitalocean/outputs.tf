output "address" {
  description = "Let the domain's A record lead here; the certificate comes by itself once it does."
  value       = digitalocean_reserved_ip.app.ip_address
}
