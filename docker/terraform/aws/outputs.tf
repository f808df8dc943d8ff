output "address" {
  description = "Let the domain's A record lead here; the certificate comes by itself once it does."
  value       = aws_eip.app.public_ip
}

output "shell" {
  description = "The command that opens a shell on the server."
  value       = "aws ssm start-session --region ${var.region} --target ${aws_instance.app.id}"
}
