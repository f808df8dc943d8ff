variable "project_url" {
  description = "Where the server gets the project: a Git repository, or an archive that ends in .tar.gz."
  type        = string
}

variable "domain" {
  description = "The name that will lead to the server, for HTTPS. Empty: only ssh -L reaches the app."
  type        = string
  default     = ""
}

variable "ssh_key_name" {
  description = "The name of an SSH key in your DigitalOcean account, for the user root."
  type        = string
}

variable "ssh_from" {
  description = "The networks from which SSH is open, such as your own address with /32."
  type        = list(string)
}

variable "region" {
  description = "The data centre."
  type        = string
  default     = "fra1"
}

variable "size" {
  description = "The droplet's size; the app and its database need 2 GB of memory."
  type        = string
  default     = "s-1vcpu-2gb"
}
